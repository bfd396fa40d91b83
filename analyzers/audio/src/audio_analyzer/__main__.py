"""``python -m audio_analyzer`` serves the audio analyzer."""

from analyzer_kit.entrypoint import main
from audio_analyzer import ANALYZER

if __name__ == "__main__":
    main(ANALYZER)
