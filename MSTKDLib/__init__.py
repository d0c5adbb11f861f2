"""What the two modules share: the engine's child process, its packages, volumes and segments. No torch here."""
