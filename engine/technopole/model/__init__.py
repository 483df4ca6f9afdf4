"""A model for hosts: stepped, read and set by name, copied and restored."""
