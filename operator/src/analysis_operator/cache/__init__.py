"""Earlier verdicts: the result of an analysis counts for the next request about the same object, in one namespace."""
