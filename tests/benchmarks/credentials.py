"""Mutated content credentials, each read in a confined child: ``python -m tests.benchmarks.credentials [NUMBER]``.

Bytes are changed, cut out, put in and repeated, lengths are made huge, in WAV, MP3 and MP4, with and without a history.
Prints how often each end came, and fails if a mutation is believed although it says something else, or crashes. Before
that it prints what recordings without credentials cost, and fails if one takes more memory than it may.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from analyzer_contract import CredentialState
from analyzer_kit.analysis import Trust
from analyzer_kit.provenance.asking import ask
from tests.benchmarks.credential_costs import COSTLIEST_MB, COSTLIEST_MS, Cost, costs, made
from tests.support.media.credentials import GENERATED, authority, created, sign, signer
from tests.support.media.samples import ffmpeg

_NUMBER, _SEED, _SETTLED = 200, 18, 0.9
_ROUNDS = 3
_MARKS = (b"jumb", b"C2PA", b"GEOB", b"c2pa.signature", b"c2pa.actions", b"c2pa.ingredient", b"c2pa.hash")
_ROOT = authority("Roots")
_MAKER = signer(_ROOT, "Maker")

type _Mutation = Callable[[bytearray, int, random.Random], None]


def _change(content: bytearray, at: int, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 3, 30, 300))):
        content[rng.randrange(at, min(at + 2000, len(content)))] = rng.randrange(256)


def _cut(content: bytearray, at: int, rng: random.Random) -> None:
    del content[at : at + rng.randrange(1, 400)]


def _insert(content: bytearray, at: int, rng: random.Random) -> None:
    content[at:at] = rng.randbytes(rng.randrange(1, 400))


def _repeat(content: bytearray, at: int, rng: random.Random) -> None:
    content[at:at] = bytes(content[at : at + rng.randrange(1, 2000)]) * rng.randrange(1, 50)


def _lengthen(content: bytearray, at: int, rng: random.Random) -> None:
    content[at - 4 : at] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4), rng.randbytes(4)))


def _nest(content: bytearray, at: int, rng: random.Random) -> None:
    """CBOR of arrays in arrays, or of a text of 2 ** 60 bytes."""
    content[at:at] = rng.choice((b"\x81" * 20_000, b"\x9f" * 20_000, b"\x7b\x10" + bytes(7), b"\xa1\x61\x61" * 5_000))


_MUTATIONS: tuple[_Mutation, ...] = (_change, _cut, _insert, _repeat, _lengthen, _nest)


def _signed(folder: Path) -> list[Path]:
    signed = []
    for form in ("wav", "mp3", "mp4"):
        plain = folder / f"plain.{form}"
        ffmpeg("-f", "lavfi", "-i", "sine=440:duration=0.5", str(plain))
        first = sign(plain, folder / f"first.{form}", _MAKER, [created(GENERATED)])
        signed += [first, sign(first, folder / f"edited.{form}", _MAKER, [{"action": "c2pa.edited"}], parent=first)]
    return signed


def _mutated(recording: Path, target: Path, rng: random.Random) -> Path:
    content = bytearray(recording.read_bytes())
    places = [at for mark in _MARKS for at in _all(bytes(content), mark)]
    for _ in range(rng.choice((1, 1, 2))):
        rng.choice(_MUTATIONS)(content, min(rng.choice(places), len(content) - 1), rng)
    if target.suffix == ".wav" and rng.random() < _SETTLED:
        _settle(content)
    target.write_bytes(content)
    return target


def _settle(content: bytearray) -> None:
    """Make the outer lengths of a WAV file right again, so that what is wrong lies deeper."""
    at = content.find(b"C2PA")
    if at >= 0:
        content += bytes(len(content) % 2)
        content[at + 4 : at + 8] = (len(content) - at - 8).to_bytes(4, "little")
        content[4:8] = (len(content) - 8).to_bytes(4, "little")


def _all(content: bytes, mark: bytes) -> list[int]:
    places, at = [], content.find(mark)
    while at >= 0:
        places.append(at)
        at = content.find(mark, at + 1)
    return places


async def _run(number: int, folder: Path) -> int:
    rng, signed = random.Random(_SEED), _signed(folder)
    (folder / "trust").mkdir()
    (folder / "trust" / "list.pem").write_bytes(_ROOT.pem)
    trust = Trust(folder=str(folder / "trust"))
    whole = {line.path: line.credentials async for line in ask({str(path): path for path in signed}, trust)}
    chosen = [rng.choice(signed if rng.random() < 0.4 else signed[:2]) for _ in range(number)]
    files = [_mutated(path, folder / f"{index}{path.suffix}", rng) for index, path in enumerate(chosen)]
    ends: Counter[str] = Counter()
    wrong = 0
    origin = dict(zip(map(str, files), map(str, chosen), strict=True))
    async for line in ask({str(path): path for path in files}, trust):
        same = line.credentials == whole[origin[line.path]]
        believed = line.credentials is not None and line.credentials.state is CredentialState.TRUSTED
        wrong += bool(line.reason) or (believed and not same)
        ends[line.reason or ("none" if line.credentials is None else f"{line.credentials.state}")] += 1
    print(f"{number} mutated: {', '.join(f'{end} {count}' for end, count in ends.most_common())}; wrong: {wrong}")
    return wrong


async def _cost(folder: Path) -> int:
    """Print the least of some rounds; return how many recordings took too much memory."""
    least: dict[str, dict[str, Cost]] = {}
    files = made(folder)
    for _ in range(_ROUNDS):
        async for name, parts in costs(files):
            known = least.setdefault(name, parts)
            least[name] = {part: Cost(*map(min, zip(cost, known[part], strict=True))) for part, cost in parts.items()}
    for name, parts in least.items():
        print(f"{name}: " + ", ".join(f"{part} {ms:.1f} ms, {mb:.1f} MB" for part, (ms, mb) in parts.items()))
    own = [[parts[part] for part in ("credentials", "labels")] for parts in least.values()]
    memory = [max(cost.megabytes for cost in two) for two in own]
    print(
        f"at most {max(sum(cost.milliseconds for cost in two) for two in own):.1f} of {COSTLIEST_MS:.0f} ms, ", end=""
    )
    print(f"{max(memory):.1f} of {COSTLIEST_MB:.0f} MB")
    return sum(one > COSTLIEST_MB for one in memory)


def main() -> None:
    """Run it."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else _NUMBER
    with TemporaryDirectory() as folder, TemporaryDirectory() as plain:
        wrong = asyncio.run(_cost(Path(plain)))
        sys.exit(1 if wrong + asyncio.run(_run(number, Path(folder))) else 0)


if __name__ == "__main__":
    main()
