"""The same period on a GPU."""
