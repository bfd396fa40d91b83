"""Our own voice model: its data, its training, and the evaluation of the voice detectors."""
