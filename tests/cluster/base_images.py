"""The image that the project's own stand on: Debian."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from tests.cluster import buildah
from tests.cluster.paths import cache_dir
from tests.cluster.progress import Progress
from tests.cluster.shell import run, write_atomically

DEBIAN_IMAGE = "docker.io/library/debian:trixie-slim"
_SUITE = "trixie"
# What the official slim image leaves out, so that our images are as large as those built on it.
_DPKG_OPTIONS = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/linda/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/groff/*",
)
# The same image's settings for apt: no package caches and no translations are left in a layer.
_APT_CONFIG = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
"""
_DOCKERFILE = """\
FROM scratch
ADD rootfs.tar /
COPY apt.conf /etc/apt/apt.conf.d/docker-slim
CMD ["bash"]
"""


def ensure_debian(progress: Progress) -> None:
    """Bring debian:trixie-slim into buildah's storage: from the cache, or made from Debian's packages."""
    archive = _root_file_system_archive()
    recipe = hashlib.sha256((archive.name + _APT_CONFIG + _DOCKERFILE).encode()).hexdigest()[:12]
    image = cache_dir() / "base" / f"image-{recipe}"
    if image.exists() and archive.exists() and image.read_text() == buildah.image_id(DEBIAN_IMAGE):
        progress.step("base image debian:trixie-slim: there")
        return
    progress.step("base image debian:trixie-slim", "1.5 min, or 20 s with its packages cached")
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_name(f".{archive.stem}.partial.tar")
        options = [f"--dpkgopt={option}" for option in _DPKG_OPTIONS]
        run("mmdebstrap", "--variant=minbase", *options, _SUITE, partial)
        partial.rename(archive)
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copy(archive, context / "rootfs.tar")
        (context / "apt.conf").write_text(_APT_CONFIG)
        (context / "Dockerfile").write_text(_DOCKERFILE)
        write_atomically(image, buildah.build(context, context / "Dockerfile", DEBIAN_IMAGE))


def _root_file_system_archive() -> Path:
    key = hashlib.sha256(" ".join([_SUITE, *_DPKG_OPTIONS]).encode()).hexdigest()[:12]
    return cache_dir() / "base" / f"debian-{_SUITE}-slim-{key}.tar"
