"""Error rates of the splice detector: ``python -m ml.splices``."""
