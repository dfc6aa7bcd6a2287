"""Tests of what starts, supervises and stops the whole."""
