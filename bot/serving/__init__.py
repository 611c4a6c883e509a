"""Running an installation: secrets, training when needed, the three processes and their supervisor."""
