"""Training runs: configuration, loop, loss, checkpoints, journal, and the package at the end."""
