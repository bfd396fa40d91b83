"""The video analyzer: evidence of editing in a recording's moving picture."""

from analyzer_kit.analyzer import Analyzer

ANALYZER = Analyzer(name="video", version="0.1.0", module="video_analyzer.analysis", port=8001)
