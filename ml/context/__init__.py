"""Error rates of the rules for phishing calls, and what a call costs: ``python -m ml.context``."""
