"""Measures the detectors on recorded and synthetic speech: ``make eval``. A tool for developers; never in an image."""
