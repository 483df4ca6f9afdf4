"""Experiments: plans, units of work, executors, stores, comparison and sensitivity."""
