"""Training of our own voice model: ``python -m ml.voice.train`` or ``make train``."""
