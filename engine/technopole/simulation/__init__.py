"""Runs: one world, many replicates, any number of threads."""
