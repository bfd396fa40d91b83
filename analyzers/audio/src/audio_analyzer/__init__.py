"""The audio analyzer: evidence of editing and synthesis in a recording's sound."""

from analyzer_kit.analyzer import Analyzer

ANALYZER = Analyzer(name="audio", version="0.1.0", module="audio_analyzer.analysis", port=8000)
