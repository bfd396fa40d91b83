"""The HTTP API for apps, and the page for people: recordings in, verdicts out, each tenant for itself."""
