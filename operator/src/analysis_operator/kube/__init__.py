"""The API server's client, and Kubernetes events."""
