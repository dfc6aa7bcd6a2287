"""The five services: the same files in each, no table in common."""
