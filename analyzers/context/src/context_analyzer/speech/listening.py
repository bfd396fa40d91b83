"""``python -m context_analyzer.speech.listening``: the listener. It reads tasks as JSON lines, and answers in lines.

Its first line names the model: ``{"folder", "id", "threads", "service"}``; it answers ``{"ready": true, "device",
"whyNotGpu"}`` or ``{"problem"}``. A task is ``{"samples", "transcript", "language", "seconds"}``, two files, a language
and the time that there is; the answer is ``{"progress"}``, as often as there is any, and then ``{"done": true}`` or
``{"failed"}``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer_kit.child import sandbox
from analyzer_kit.errors import Misconfigured
from guardian_models.errors import ModelError
from guardian_models.folder import read_speech_manifest
from guardian_models.speech import check

if TYPE_CHECKING:
    from context_analyzer.speech.whisper import Whisper


def main() -> None:
    """Answer one task after the other until standard input ends."""
    first = json.loads(sys.stdin.readline() or "null")
    if first is None:
        return
    sandbox.die_with(first["service"])
    try:
        whisper = load(Path(first["folder"]), first["id"], first["threads"])
    except Misconfigured as error:
        _say({"problem": str(error)})
        return
    _say({"ready": True, "device": whisper.device, "whyNotGpu": whisper.why_not_gpu})
    for line in sys.stdin:
        task = json.loads(line)
        try:
            _hear(whisper, task)
        except Exception as error:  # one recording must not end the others
            _say({"failed": f"{type(error).__name__}: {error}"[:500]})
        else:
            _say({"done": True})


def load(folder: Path, model_id: str, threads: int) -> Whisper:
    """Return the model, once each of its files was checked.

    Raises:
        Misconfigured: a file is missing or another one, or the runtime does not take them.
    """
    try:
        manifest = read_speech_manifest(folder, model_id)
        if manifest is None:
            raise Misconfigured(f"{model_id} in {folder} is no model for speech.")
        files = check(folder, manifest)
    except ModelError as error:
        raise Misconfigured(str(error)) from error
    try:
        from context_analyzer.speech.whisper import Whisper

        return Whisper(files, threads)
    except ImportError as error:
        raise Misconfigured(f"{error}: install silver-guardian-context[transcription].") from error
    except Exception as error:  # the runtime's exceptions have no class of their own
        raise Misconfigured(f"{files} is no Whisper in the form of CTranslate2: {error}") from error


def _hear(whisper: Whisper, task: dict[str, Any]) -> None:
    path = Path(task["samples"])
    samples = np.memmap(path, "<i2", "r") if path.stat().st_size else np.zeros(0, "<i2")
    heard = whisper.hear(
        samples, task["language"], lambda share: _say({"progress": round(share, 3)}), float(task["seconds"])
    )
    Path(task["transcript"]).write_text(json.dumps(heard, ensure_ascii=False), "utf-8")


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
