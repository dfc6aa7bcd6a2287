"""Mirrors the services."""
