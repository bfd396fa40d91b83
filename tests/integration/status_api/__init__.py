"""Tests of the status API with the real servers behind it, which run until they have all ended."""
