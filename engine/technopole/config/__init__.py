"""Configurations: read, checked, written, resolved."""
