"""The forecast: knows accounts only as rows."""
