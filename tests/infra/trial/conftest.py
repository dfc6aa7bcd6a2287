"""Tenants are copied into the database of all tests, not into one of infra's own."""

from tests.conftest import settings

__all__ = ["settings"]
