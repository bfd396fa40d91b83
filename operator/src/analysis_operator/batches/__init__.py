"""Batches: analyse what a prefix or a manifest names, a bounded number at a time, and keep the results in S3."""
