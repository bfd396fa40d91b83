"""The edges: Kubernetes, analyzers over HTTP, S3, and their in-memory or local-process counterparts."""
