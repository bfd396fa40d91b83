"""Recorded and synthetic speech: packages, speakers, attack families, channels, folds, and the test corpus."""
