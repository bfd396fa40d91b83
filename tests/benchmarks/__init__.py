"""Figures, measured on the local cluster in one run: ``make bench``."""
