"""``python -m video_analyzer`` serves the video analyzer."""

from analyzer_kit.entrypoint import main
from video_analyzer import ANALYZER

if __name__ == "__main__":
    main(ANALYZER)
