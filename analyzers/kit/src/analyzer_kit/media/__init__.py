"""Opens and decodes recordings, which may be hostile. Runs in the child only."""
