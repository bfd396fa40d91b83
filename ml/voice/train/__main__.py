"""Entry point of ``python -m ml.voice.train``."""

import sys

from ml.voice.train.fitting import main

if __name__ == "__main__":
    sys.exit(main())
