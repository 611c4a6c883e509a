"""Running an installation: secrets, training when needed, the processes and their supervisor."""
