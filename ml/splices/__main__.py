"""Entry point of ``python -m ml.splices``."""

from ml.splices.card import main

if __name__ == "__main__":
    main()
