"""What learning keeps: every query on its own schema."""
