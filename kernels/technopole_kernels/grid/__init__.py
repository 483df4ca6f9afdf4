"""The period as launches of independent threads, and code for them: for a GPU, and the same for this processor."""
