"""Error rates of the video detectors: ``python -m ml.video``."""
