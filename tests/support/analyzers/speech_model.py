"""A folder with the names of a speech model's files, and nothing of use in them."""

from __future__ import annotations

from pathlib import Path


def empty_speech_model(folder: Path) -> Path:
    """Make the folder, and return it."""
    folder.mkdir()
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.json"):
        (folder / name).write_text("{}")
    return folder
