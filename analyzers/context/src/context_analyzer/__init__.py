"""The context analyzer: what is said in a recording, judged for signs of phishing."""

from analyzer_kit.analyzer import Analyzer

ANALYZER = Analyzer(name="context", version="0.1.0", port=8002)
