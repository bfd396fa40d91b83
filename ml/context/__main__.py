"""Entry point of ``python -m ml.context``."""

import sys

from ml.context.card import main

if __name__ == "__main__":
    sys.exit(main())
