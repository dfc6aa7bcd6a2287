"""The forecast and what it is held against."""
