"""The claims about clusters and regional innovation systems as paired experiments."""
