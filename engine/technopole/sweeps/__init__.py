"""Sweeps: what is asked for, and the design points that follow."""
