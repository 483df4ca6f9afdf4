"""What every part may use: checks of arguments, the machine, exact arithmetic, words and tables for a terminal."""
