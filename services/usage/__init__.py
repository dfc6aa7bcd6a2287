"""What members do: usage events and their roll-ups."""
