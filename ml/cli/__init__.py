"""The commands that fit and judge; each imports only what it needs."""
