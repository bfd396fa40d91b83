"""Building images without a daemon: buildah, with a storage of its own in the cache."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.cluster.paths import cache_dir
from tests.cluster.shell import CommandError, command_env, run

_CA_IN_BUILD = "/run/ca.crt"
_MOST_BYTES = 8_000_000_000
"""Of layers. All images have 5.6 GB with the stages that they are built from; each further source adds some 0.1 GB."""


def _storage() -> Path:
    return cache_dir() / "containers"


def _base_command() -> list[str]:
    return [
        "buildah", "--root", str(_storage()), "--runroot", "/run/silver-guardian-buildah",
        # Without this option the storage leaves a bind mount of itself behind.
        "--storage-driver", "overlay", "--storage-opt", "overlay.skip_mount_home=true",
    ]  # fmt: skip


def buildah(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run buildah on the cache's storage."""
    return run(*_base_command(), *arguments, check=check, env={"BUILDAH_ISOLATION": "chroot"})


def build(context: Path, dockerfile: Path, name: str, *options: str) -> str:
    """Build an image with cached layers; return its id. What the build says goes to our standard error."""
    # A build computes for minutes: whatever else runs goes before it.
    command = ["nice", "-n", "10", *_base_command(), "build", "--isolation", "chroot", "--layers", "--pull-never",
               "--format", "docker", "--file", str(dockerfile), "--tag", name]  # fmt: skip
    command += [*options, *_certificate_options(), str(context)]
    process = subprocess.Popen(
        command, env=command_env(), text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    lines: list[str] = []
    with process:
        for line in process.stdout or ():
            lines.append(line)
            if line.startswith(("STEP", "[", "COMMIT")) and "[Warning]" not in line:
                os.write(2, f"  {line}".encode())
    if process.returncode != 0:
        raise CommandError(process.returncode, command, "".join(lines[-60:]))
    return image_id(name)


def sweep() -> None:
    """Remove what an interrupted build left behind: its containers, and their mounts. Images and layers stay."""
    if _storage().exists() and shutil.which("buildah", path=command_env()["PATH"]):
        buildah("rm", "--all", check=False)


def prune() -> None:
    """Remove what no image by name is built on, once there is much: layers of earlier sources fill a disk within weeks.

    Not each time, since the stages of the dependencies have no name, and every build begins with them.
    """
    if sum(int(layer.get("diff-size", 0)) for layer in _read("overlay-layers/layers.json")) > _MOST_BYTES:
        buildah("rmi", "--prune", "--force", check=False)


def _certificate_options() -> list[str]:
    """Hand the machine's own certificate bundle to the build, where the machine has named one.

    Proxy variables need nothing: buildah passes them on by itself.
    """
    bundle = os.environ.get("SSL_CERT_FILE", "")
    if not bundle or not Path(bundle).is_file():
        return []
    # Not over /etc/ssl/certs: the ca-certificates package could not be installed there any more.
    mount = ["--volume", f"{Path(bundle).resolve()}:{_CA_IN_BUILD}:ro"]
    return [*mount, "--build-arg", f"SSL_CERT_FILE={_CA_IN_BUILD}"]


def image_id(name: str) -> str:
    """Return an image's id, or an empty string if there is no such image."""
    done = buildah("inspect", "--type", "image", "--format", "{{.FromImageID}}", name, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def save(name: str, archive: Path) -> None:
    """Write an image to an archive that containerd can import."""
    archive.unlink(missing_ok=True)
    buildah("push", "--quiet", name, f"docker-archive:{archive}:{name}")


def size(name: str) -> int:
    """Return the uncompressed size of an image: the sum of its layers."""
    desired = image_id(name)
    images = _read("overlay-images/images.json")
    layers = {layer["id"]: layer for layer in _read("overlay-layers/layers.json")}
    current = next((image["layer"] for image in images if image["id"] == desired), None)
    if current is None:
        raise LookupError(f"no image {name}")
    total = 0
    while current:
        total += int(layers[current].get("diff-size", 0))
        current = layers[current].get("parent")
    return total


def _read(path: str) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = json.loads((_storage() / path).read_text())
    return content
