"""``python -m context_analyzer`` serves the context analyzer."""

from analyzer_kit.entrypoint import main
from context_analyzer import ANALYZER
from context_analyzer.backend import ContextBackend
from context_analyzer.settings import ContextSettings

if __name__ == "__main__":
    settings = ContextSettings()
    main(ANALYZER, settings, ContextBackend(settings))
