"""The project's images on the local cluster: build, load, and know when there is nothing to do."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.cluster import base_images, buildah, node
from tests.cluster.interface import image_name, unique
from tests.cluster.paths import cache_dir, repo_root
from tests.cluster.progress import Progress
from tests.cluster.shell import exclusive, run, write_atomically
from tests.cluster.topology import NODES, Node

_ALWAYS = ("Dockerfile", ".dockerignore")
_SYSTEM_TARGETS = ("operator", "status-api")
"""The targets whose pods run on system nodes; the others' run on ml nodes."""


def content_hash(root: Path) -> str:
    """Return a hash over the files that can get into an image: tracked ones and new ones not ignored."""
    context = [line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    listing = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--",
                  *_ALWAYS, *context, cwd=root).stdout  # fmt: skip
    digest = hashlib.sha256()
    for name in sorted(set(filter(None, listing.split("\0")))):
        path = root / name
        if path.is_file():
            digest.update(f"{name}\0{path.stat().st_mode & 0o111}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def build_targets(targets: Sequence[str], tag: str) -> dict[str, str]:
    """Build targets of the root Dockerfile, and load each into the running nodes on which its pods run."""
    root, names = repo_root(), {target: image_name(target, tag) for target in unique(targets)}
    progress = Progress("images", 2 * len(names) + 1)
    with exclusive(cache_dir() / "images.lock"):
        base_images.ensure_debian(progress)
        content = f"{content_hash(root)} {buildah.image_id(base_images.DEBIAN_IMAGE)}"
        for target, name in names.items():
            record = cache_dir() / "images" / f"{target}-{tag}.json"
            if _recorded(record) == content and buildah.image_id(name):
                progress.step(f"{name}: unchanged")
            else:
                progress.step(f"{name}: building", "1 to 2 min without cached layers")
                base = f"BASE={base_images.DEBIAN_IMAGE}"  # a registry's, which need not be reached
                buildah.build(root, root / "Dockerfile", name, "--target", target, "--build-arg", base)
                write_atomically(record, json.dumps(content))
            progress.step(f"{name}: loading into the nodes")
            workload = "system" if target in _SYSTEM_TARGETS else "ml"
            load(name, [member for member in NODES if member.workload == workload])
        buildah.prune()
    progress.done("images ready")
    return names


def build_other(context: Path, dockerfile: Path, name: str) -> str:
    """Build an image from any folder and load it into every running node."""
    full = name if "/" in name else f"localhost/{name}"
    progress = Progress("images", 3)
    with exclusive(cache_dir() / "images.lock"):
        base_images.ensure_debian(progress)
        progress.step(f"{full}: building")
        buildah.build(context, dockerfile, full)
        progress.step(f"{full}: loading into the nodes")
        load(full)
    return full


def load(name: str, members: Sequence[Node] = NODES) -> None:
    """Load an image into every of these nodes that does not have this very build yet."""
    desired = buildah.image_id(name)
    lacking = [member for member in members if _loaded(member).get(name) != desired]
    if not lacking:
        return
    with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
        archive = Path(folder) / "image.tar"
        buildah.save(name, archive)
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda member: node.import_image(member, archive), lacking):
                pass
    for member in lacking:
        record = {**_loaded(member), name: desired}
        write_atomically(_load_record(member), json.dumps(record, indent=2))


def load_archive(name: str, archive: Path, member: Node) -> None:
    """Load one of the cluster's own images into one node, unless it is there."""
    if _loaded(member).get(name) == str(archive):
        return
    node.import_image(member, archive)
    write_atomically(_load_record(member), json.dumps({**_loaded(member), name: str(archive)}, indent=2))


def _load_record(member: Node) -> Path:
    # Beside the node's images, so that it goes when they go.
    return member.state_dir / "loaded-images.json"


def _loaded(member: Node) -> dict[str, str]:
    if not _load_record(member).exists():
        return {}
    record: dict[str, str] = json.loads(_load_record(member).read_text())
    return record


def _recorded(path: Path) -> str:
    return str(json.loads(path.read_text())) if path.exists() else ""
