"""``python -m context_analyzer`` serves the context analyzer."""

from analyzer_kit.entrypoint import main
from context_analyzer import ANALYZER
from context_analyzer.backend import ContextBackend
from context_analyzer.settings import ContextSettings
from guardian_service.settings import read_settings

if __name__ == "__main__":
    settings = read_settings(ContextSettings, "The context analyzer")
    main(ANALYZER, settings, ContextBackend(settings))
