"""``python -m audio_analyzer`` serves the audio analyzer."""

from analyzer_kit.server import main
from audio_analyzer import ANALYZER

if __name__ == "__main__":
    main(ANALYZER)
