"""The gateway: one graph over the five services, no data and no business rule."""
