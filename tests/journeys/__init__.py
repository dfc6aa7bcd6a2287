"""Tests through all processes, as a client sees them."""
