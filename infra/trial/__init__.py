"""Simulated tenants in a scratch database, so that the forecast can be held against their truth."""
