"""Statistics of replicates: moments that merge, quantiles, contrasts, shares of variance, rules for stopping."""
