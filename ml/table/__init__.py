"""Tables of people's own: read, fitted, judged and scored by the same model as tenants."""
