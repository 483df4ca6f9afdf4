"""Measures of known facts on simulated firms, and validation against real series."""
