"""From arrays to labelled datasets, and what is read from them again."""
