"""Notifications: CloudEvents about finished requests and batches, and about pools that cannot scale, to sinks."""
