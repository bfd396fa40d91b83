"""The embedded runtime: the operator's own controller over memory, local processes and a local S3 server."""
