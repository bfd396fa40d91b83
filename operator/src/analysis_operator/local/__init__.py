"""The embedded runtime: the operator's own reconciler over memory, local processes and a local S3 server."""
