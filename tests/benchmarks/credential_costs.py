"""What a look for credentials and labels costs a recording that has none: a part of ``tests.benchmarks.credentials``.

This module is what the confined child runs: it looks at an open recording as an analysis does, and says what it took.
"""

from __future__ import annotations

import json
import mmap
import resource
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from av.container import InputContainer

from analyzer_contract import MediaFacts, Verdict
from analyzer_kit.analysis import Assessment, Caps, Models, ProgressCallback, Trust
from analyzer_kit.child.messages import ChildConfig, Task
from analyzer_kit.child.process import ChildProcess, Template
from analyzer_kit.media.container import opened
from analyzer_kit.media.front import first_tracks, front_of, read_front
from analyzer_kit.provenance import library
from analyzer_kit.provenance.credentials import CredentialsReader
from analyzer_kit.provenance.labels import findings_on
from analyzer_kit.provenance.store import Place, places_of
from tests.support.media.samples import ffmpeg

__all__ = ["COSTLIEST_MB", "COSTLIEST_MS", "analyze", "costs", "made", "warm_up"]

COSTLIEST_MS, COSTLIEST_MB = 50.0, 30.0
"""What a recording without credentials may cost at most."""

_MEMORY, _SECONDS, _PROBE = 512 * 1024 * 1024, 60, 256 * 1024
_SINE, _PICTURE = ("-f", "lavfi", "-i", "sine=440"), ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=1")
_FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov", "-g", "1")
_FORMS = {
    "11 s.wav": (*_SINE, "-t", "11"),
    "11 s.mp3": (*_SINE, "-t", "11"),
    "11 s.flac": (*_SINE, "-t", "11"),
    "11 s.ogg": (*_SINE, "-t", "11"),
    "11 s.mkv": (*_SINE, *_PICTURE, "-t", "11"),
    "11 s.mp4": (*_SINE, *_PICTURE, "-t", "11"),
    "1 h in 3,600 fragments.mp4": (*_SINE, *_PICTURE, "-t", "3600", "-preset", "ultrafast", *_FRAGMENTS),
}


class Cost(NamedTuple):
    """What one part took."""

    milliseconds: float
    megabytes: float


def made(folder: Path) -> dict[str, Path]:
    """Return recordings without credentials, by what they are; one has a tag with a picture of 15 MB."""
    files = {}
    for name, options in _FORMS.items():
        files[name] = folder / name.replace(" ", "_")
        ffmpeg(*options, str(files[name]))
    sound = files["11 s.mp3"].read_bytes()
    size = 15_000_000
    tag = b"ID3\4\0\0" + bytes(size + 10 >> shift & 0x7F for shift in (21, 14, 7, 0)) + b"APIC"
    tag += bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + b"\0\0\0image/png\0\3\0"
    files["11 s, a tag of 15 MB.mp3"] = folder / "tag.mp3"
    (folder / "tag.mp3").write_bytes(tag + bytes(size - 13) + sound)
    return files


async def costs(files: dict[str, Path]) -> AsyncIterator[tuple[str, dict[str, Cost]]]:
    """Yield what each file costs, in a confined child of its own."""
    template = Template(ChildConfig(module=__name__, memory_bytes=_MEMORY, caps=Caps(), trust=Trust()))
    await template.start(_SECONDS)
    try:
        for name, file in files.items():
            child = ChildProcess(template)
            await child.start(_SECONDS)
            with tempfile.TemporaryDirectory() as folder:
                task = Task(recording=str(file), plot=f"{folder}/none", cpu_seconds=_SECONDS)
                found = await child.run(task, lambda _stage, _share: None)
            child.kill()
            await child.gone()
            yield name, {part: Cost(*cost) for part, cost in json.loads(found.summary).items()}
    finally:
        await template.end()


def warm_up(caps: Caps, models: Models, trust: Trust) -> None:
    """Have at hand what an analyzer has when it forks a child: the library, and FFmpeg."""
    del models
    reader = CredentialsReader(trust)
    reader.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "silence.wav").write_bytes(library._SILENCE + bytes(2000))
        findings_on(Path(folder) / "silence.wav", front_of(Path(folder) / "silence.wav", caps), [], 0)


def analyze(recording: Path, plot: Path, caps: Caps, progress: ProgressCallback) -> Assessment:
    """Open a recording, as its analysis does, then look for credentials and labels; the summary is what that took."""
    del plot, progress
    reader, places = CredentialsReader(Trust()), list[Place]()

    def credentials() -> None:
        places.extend(places_of(recording))
        reader.read(recording, places)

    with ExitStack() as stack:
        containers = list[InputContainer]()
        said = {"opened": _cost(lambda: containers.append(stack.enter_context(opened(recording, caps))))}
        sound, _ = first_tracks(containers[0])
        said["credentials"] = _cost(credentials)
        said["labels"] = _cost(lambda: findings_on(recording, read_front(containers[0], sound)[0], places, 0))
    return Assessment(
        media=MediaFacts(),
        verdict=Verdict.NO_EVIDENCE,
        score=0,
        summary=json.dumps(said),
        examined_share=1,
        detectors=[],
    )


def _cost(work: Callable[[], object]) -> Cost:
    ballast, held, began = _ballast(), _peak(), _seconds()
    work()
    cost = Cost(round((_seconds() - began) * 1000, 2), round((_peak() - held) / 1e6, 2))
    for one in ballast:
        one.close()
    return cost


def _ballast() -> list[mmap.mmap]:
    """Return memory that brings this process to its peak, so that whatever it takes now raises that."""
    before, taken = _peak(), []
    while _peak() == before:
        taken.append(mmap.mmap(-1, _PROBE))
        taken[-1].write(b"x" * _PROBE)
    return taken


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
