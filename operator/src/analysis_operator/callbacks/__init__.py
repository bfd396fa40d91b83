"""Callbacks: the answer to a task of AWS Step Functions that waits for a request."""
