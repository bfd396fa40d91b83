"""Leader election: of several operators one works."""
