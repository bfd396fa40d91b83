"""Opens and decodes recordings that somebody else made. Runs in the child only."""
