"""What every analyzer shares: the service, its warm worker processes, media decoding, S3."""
