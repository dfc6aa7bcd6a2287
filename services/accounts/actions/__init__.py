"""What accounts does with what it is told, by noun."""
