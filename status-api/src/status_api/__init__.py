"""The HTTP API for apps, and the page for people: recordings in, verdicts out, separately for every tenant."""
