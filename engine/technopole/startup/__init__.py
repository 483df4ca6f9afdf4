"""What is compiled before the first run."""
