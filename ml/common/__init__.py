"""Shared by every subject: paths, downloads of packages, and statistics of scores."""
