"""Entry point of ``python -m ml.video``."""

from ml.video.card import main

if __name__ == "__main__":
    main()
