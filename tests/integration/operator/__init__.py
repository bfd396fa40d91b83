"""Tests of the operator with a real API server, which runs until they have all ended."""
