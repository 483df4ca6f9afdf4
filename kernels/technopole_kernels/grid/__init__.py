"""The period for devices with thousands of threads: a launch after another, each a thread for every item of a world."""
