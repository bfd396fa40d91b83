"""Analyzers: what each owns, which pods take work, and how the pool does."""
