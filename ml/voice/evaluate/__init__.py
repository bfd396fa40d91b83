"""Error rates of the voice detectors: ``python -m ml.voice.evaluate`` or ``make eval``."""
