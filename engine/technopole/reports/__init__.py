"""The report: one page with everything in a result."""
