"""Shared by every subject: paths, packages, ways of a recording to a listener, and statistics of scores."""
