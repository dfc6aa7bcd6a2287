"""Loading rows from outside."""
