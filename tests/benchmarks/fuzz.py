"""Mutated media for the real services: ``python -m tests.benchmarks.fuzz [--count 500] [--seed 1]``.

Each file goes to an audio and to a video service, confined child and all. It fails if an answer is missing, if it is no
verdict and blames anything but the recording, or if a service or its template had to be started again. Accusations are
listed: where a stretch of the file was repeated, they are right.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from moto.server import ThreadedMotoServer

from analyzer_contract import SEVERITY, Failure, FailureKind, Outcome, Progress, Result, Verdict
from tests.support.analyzers.service import CREDENTIALS, Service, running
from tests.support.aws.s3 import client_of
from tests.support.media.samples import ffmpeg

DEADLINE_SECONDS = 30
"""The files are 2 s long: an analysis that takes longer than this hangs."""

_SOUND = ("-f", "lavfi", "-i", "anoisesrc=color=pink:duration=2:amplitude=0.2:r=16000:seed=1")
_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=25:duration=2")
_BOTH = (*_PICTURE, *_SOUND)
_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
SEEDS: dict[str, Sequence[str]] = {
    "pcm.wav": (*_SOUND, "-c:a", "pcm_s16le"),
    "adpcm.wav": (*_SOUND, "-c:a", "adpcm_ms"),
    "float.wav": (*_SOUND, "-c:a", "pcm_f32le"),
    "sound.mp3": (*_SOUND, "-c:a", "libmp3lame", "-id3v2_version", "3", "-metadata", "title=fuzz"),
    "sound.flac": (*_SOUND, "-c:a", "flac"),
    "vorbis.ogg": (*_SOUND, "-c:a", "libvorbis"),
    "opus.ogg": (*_SOUND, "-c:a", "libopus"),
    "sound.aac": (*_SOUND, "-c:a", "aac"),
    "sound.m4a": (*_SOUND, "-c:a", "alac"),
    "sound.aiff": (*_SOUND, "-c:a", "pcm_s16be"),
    "sound.caf": (*_SOUND, "-c:a", "pcm_s16le"),
    "clip.mp4": (*_BOTH, *_X264, "-c:a", "aac", "-movflags", "+faststart"),
    "fragments.mp4": (*_BOTH, *_X264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-g", "12"),
    "hevc.mp4": (*_BOTH, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=0", "-c:a", "aac"),
    "clip.mov": (*_BOTH, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "clip.mkv": (*_BOTH, *_X264, "-c:a", "libopus"),
    "clip.webm": (*_BOTH, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "clip.avi": (*_BOTH, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "clip.ts": (*_BOTH, *_X264, "-c:a", "aac"),
}
"""Name → how ffmpeg makes it."""

_EXTREMES = (0, 1, 7, 8, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_HEAD = 4096
Mutation = Callable[[bytearray, random.Random, list[bytes]], bytes]


def make_seeds(folder: Path) -> dict[str, bytes]:
    """Make the undamaged files that are then damaged; return them by name.

    Raises:
        MediaError: ffmpeg is missing or failed.
    """
    seeds = {}
    for name, how in SEEDS.items():
        ffmpeg(*how, str(folder / name))
        seeds[name] = (folder / name).read_bytes()
    return seeds


def flip_anywhere(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytes:
    """Flip bits all over the file."""
    return _flipped(data, rng, len(data), rng.choice((1, 10, 100, 1000)))


def flip_in_the_head(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytes:
    """Flip bits where the format is described."""
    return _flipped(data, rng, min(_HEAD, len(data)), rng.choice((1, 3, 10, 40)))


def truncate(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytes:
    """Cut off the end."""
    return bytes(data[: rng.randrange(len(data))])


def lie_about_lengths(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytes:
    """Change numbers beside four-letter names, where RIFF, AIFF and MP4 keep their lengths, or anywhere in the head."""
    names = [at for at in range(4, len(data) - 8) if bytes(data[at : at + 4]).isalpha()]
    for _ in range(rng.randint(1, 4)):
        at = rng.choice(names) + rng.choice((-4, 4)) if names and rng.random() < 0.8 else _place(data, rng)
        struct.pack_into(rng.choice("<>") + "I", data, min(at, len(data) - 4), rng.choice(_EXTREMES))
    return bytes(data)


def splice(data: bytearray, rng: random.Random, others: list[bytes]) -> bytes:
    """Put the head of one file before the body of another one."""
    other = rng.choice(others)
    cut = rng.randrange(8, min(_HEAD, len(data)))
    return bytes(data[:cut]) + other[rng.randrange(len(other)) if rng.random() < 0.5 else cut :]


def swap_atoms(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytes:
    """Swap two neighbouring boxes of MP4, or two stretches in other formats."""
    boxes = list(_boxes(bytes(data), 0, len(data)))
    pairs = [(a, b) for a, b in pairwise(boxes) if a[1] == b[0]]
    if pairs:
        (start, middle), (_, end) = rng.choice(pairs)
        return bytes(data[:start] + data[middle:end] + data[start:middle] + data[end:])
    first, second, third, fourth = sorted(rng.randrange(len(data)) for _ in range(4))
    return bytes(data[:first] + data[third:fourth] + data[second:third] + data[first:second] + data[fourth:])


def blank(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytes:
    """Overwrite a stretch with zeros or ones, as a bad disk does."""
    start = _place(data, rng)
    end = min(start + rng.choice((16, 512, 8192)), len(data))
    data[start:end] = rng.choice((b"\x00", b"\xff")) * (end - start)
    return bytes(data)


def repeat(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytes:
    """Repeat a stretch many times."""
    start = _place(data, rng)
    return bytes(data[:start] + data[start : start + rng.choice((4, 64, 2048))] * rng.choice((2, 50)) + data[start:])


MUTATIONS: list[Mutation] = [
    flip_anywhere,
    flip_in_the_head,
    truncate,
    lie_about_lengths,
    splice,
    swap_atoms,
    blank,
    repeat,
]


def mutated(seeds: dict[str, bytes], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield ``count`` damaged files, each with a name that says what was done to what."""
    names = sorted(seeds)
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")  # any one of them can be made alone
        turn, place = divmod(number, len(names))
        name, mutation = names[place], MUTATIONS[(place + turn) % len(MUTATIONS)]
        yield f"{number}-{mutation.__name__}-{name}", mutation(bytearray(seeds[name]), rng, list(seeds.values()))


def complaint(last: object) -> str | None:
    """Return what is wrong with the last line of an answer; None if it is a verdict or blames the recording."""
    if isinstance(last, Result) or (isinstance(last, Failure) and last.kind is FailureKind.MEDIA):
        return None
    return f"{last.reason}: {last.message}" if isinstance(last, Failure) else f"ended with {last}"


async def ask(service: Service, uri: str) -> Progress | Outcome | None:
    """Return the last line of the answer, whatever it is."""
    events = await service.events(uri, deadlineSeconds=DEADLINE_SECONDS)
    return events[-1] if events else None


def _flipped(data: bytearray, rng: random.Random, within: int, times: int) -> bytes:
    for _ in range(times):
        data[rng.randrange(within)] ^= 1 << rng.randrange(8)
    return bytes(data)


def _place(data: bytearray, rng: random.Random) -> int:
    return rng.randrange(min(_HEAD, len(data)) if rng.random() < 0.5 else len(data))


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end or not name.isalnum():
            return
        yield start, start + size
        if name in {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"}:
            yield from _boxes(data, start + 8, start + size)
        start += size


async def _serve(endpoint: str, count: int, seed: int, keep: Path | None) -> int:
    client = client_of(endpoint, *CREDENTIALS.values())
    client.create_bucket(Bucket="media")
    outcomes: Counter[str] = Counter()
    complaints, accusations = [], []
    with tempfile.TemporaryDirectory() as folder:
        seeds = make_seeds(Path(folder))
        async with (
            running("audio_analyzer", Path(folder), endpoint, log_level="error") as audio,
            running("video_analyzer", Path(folder), endpoint, log_level="error") as video,
        ):
            services = {"audio": audio, "video": video}
            templates = {name: service.template() for name, service in services.items()}
            for name, content in mutated(seeds, count, seed):
                client.put_object(Bucket="media", Key=name, Body=content)
                answers = await asyncio.gather(*(ask(service, f"s3://media/{name}") for service in services.values()))
                for analyzer, last in zip(services, answers, strict=True):
                    wrong = complaint(last)
                    outcomes[str(last.reason if isinstance(last, Failure) else getattr(last, "verdict", last))] += 1
                    if isinstance(last, Result) and SEVERITY[last.verdict] >= SEVERITY[Verdict.SUSPICIOUS]:
                        accusations.append(f"{analyzer} {name}: {last.verdict}, {last.summary}")
                    if wrong:
                        complaints.append(f"{analyzer} {name}: {wrong}")
                        if keep:
                            (keep / name).write_bytes(content)
            restarted = [name for name, service in services.items() if service.template() != templates[name]]
    print(f"{count} files (seed {seed}), two analyzers: {dict(outcomes.most_common())}")
    print(*accusations, *complaints, *(f"{name}: its template was started again" for name in restarted), sep="\n")
    return 1 if complaints or restarted else 0


def main() -> None:
    """Exit with 1 if anything but a verdict or a fault of the recording came back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the files that were complained about")
    chosen = parser.parse_args()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        sys.exit(asyncio.run(_serve(f"http://{host}:{port}", chosen.count, chosen.seed, chosen.keep)))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
