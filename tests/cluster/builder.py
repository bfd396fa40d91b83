"""Builds the cluster's Go programs once per machine, into the cache."""

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.packages import (
    client_tools,
    client_tools_folder,
    go_command,
    install_packages,
    missing_packages,
)
from tests.cluster.paths import cache_dir, tools_dir
from tests.cluster.progress import Progress
from tests.cluster.shell import command_env, exclusive, run, write_atomically

_HEARTBEAT_SECONDS = 20.0
# On two cores. The first program of a module takes what the others share.
_USUALLY = {
    "etcd": "1 to 2 min",
    "kube-apiserver": "4 to 8 min",
    "kube-controller-manager": "1 to 3 min",
    "kubelet": "1 min",
    "versitygw": "1 min",
    "coredns": "1 min",
    "keda-adapter": "5 to 12 min",
    "tofu": "3 to 5 min",
    "tflint": "1 to 3 min",
    "otelcol": "1 to 3 min",
}


class BuildError(RuntimeError):
    """A Go program could not be built; the message ends with what the compiler said."""


@dataclass(frozen=True)
class GoModule:
    """A folder under tools/ that pins programs by blank imports in its tools.go."""

    name: str
    versioned_by: str = ""
    """The module whose version the programs are to report, Kubernetes style."""
    prefix: str = ""
    """Before each program's name, where the module's own says too little."""
    upstream: str = ""
    """The module whose own manifests are wanted."""
    kustomization: str = ""
    """The folder of those manifests in the upstream module."""

    @property
    def manifests(self) -> str:
        """The name of the file with the rendered manifests, or an empty string."""
        return f"{self.name}-{self.kustomization.replace('/', '-')}.yaml" if self.kustomization else ""

    @property
    def folder(self) -> Path:
        """Where its go.mod lies."""
        return tools_dir() / self.name

    def programs(self) -> dict[str, str]:
        """Return program name → package to build."""
        pins = self.folder / "tools.go"
        if not pins.exists():
            return {self.name: "."}
        return {self.prefix + path.rpartition("/")[2]: path for path in re.findall(r'_ "([^"]+)"', pins.read_text())}

    def link_flags(self) -> str:
        """Return the linker's flags: no debug tables, and the version to report."""
        flags = "-s -w"
        if self.versioned_by:
            version = self.version_of(self.versioned_by)
            major, minor = version.split(".")[:2]
            target = "-X k8s.io/component-base/version."
            flags += f" {target}gitVersion=v{version} {target}gitMajor={major} {target}gitMinor={minor}"
        return flags

    def version_of(self, required: str) -> str:
        """Return the pinned version of a module, without its `v`; raise BuildError if it is not required."""
        match = re.search(rf"{re.escape(required)} v(\S+)", (self.folder / "go.mod").read_text())
        if match is None:
            raise BuildError(f"{self.folder}/go.mod does not require {required}")
        return match[1]

    def key(self, go_version: str) -> str:
        """Return a hash over everything that decides what comes out."""
        digest = hashlib.sha256(go_version.encode() + self.link_flags().encode())
        for path in sorted(self.folder.iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:16]


KEDA = GoModule("keda", prefix="keda-", upstream="github.com/kedacore/keda/v2", kustomization="config/default")
METRICS_SERVER = GoModule("metrics-server", upstream="sigs.k8s.io/metrics-server", kustomization="manifests/base")
MODULES = (
    GoModule("pause"),
    GoModule("etcd"),
    GoModule("kubernetes", versioned_by="k8s.io/kubernetes"),
    GoModule("versitygw"),
    GoModule("coredns"),
    KEDA,
    METRICS_SERVER,
)
"""Another module is a folder under tools/ and one line here."""
OPENTOFU = GoModule("opentofu")
TFLINT = GoModule("tflint")
KUBECONFORM = GoModule("kubeconform")
OTELCOL = GoModule("otelcol")
"""Not the cluster's: `make test` builds them before, and a test that runs alone when it needs them."""


@dataclass(frozen=True)
class Tools:
    """The programs and manifests of the cluster, by name."""

    folders: tuple[Path, ...]

    def path(self, name: str) -> Path:
        """Return where a program or a file of manifests is; raise FileNotFoundError if no module brings it."""
        for folder in self.folders:
            if (folder / name).exists():
                return folder / name
        raise FileNotFoundError(f"{name} is in none of {[str(folder) for folder in self.folders]}")


def ensure_tools(modules: Sequence[GoModule] = MODULES, *, debian: bool = True) -> Tools:
    """Install and build what is missing, and return where everything is; silent if nothing is missing."""
    with exclusive(cache_dir() / "tools.lock"):
        clients = client_tools_folder()
        if debian and missing_packages():
            install_packages(Progress("packages", 1))
        if not clients.exists():
            client_tools(Progress("clients", 1))
        go = go_command()
        folders = {module: _module_folder(module, go) for module in modules}
        programs = [(module, name) for module in modules for name in module.programs()]
        missing = [(module, name) for module, name in programs if not (folders[module] / name).exists()]
        progress = Progress("build", len(missing))
        for module, name in missing:
            _build(module, name, go, folders[module], progress)
        for module, folder in folders.items():
            if module.manifests and not (folder / module.manifests).exists():
                _render(module, go, clients / "kubectl", folder / module.manifests)
        return Tools((clients, *folders.values()))


def ensure_program(module: GoModule, name: str) -> Path:
    """Return where one program is; it is built first if need be, and only then is there anything to wait for."""
    program = _module_folder(module, go_command()) / name
    return program if program.exists() else ensure_tools((module,), debian=False).path(name)


def go_env() -> dict[str, str]:
    """Return the environment for Go's own commands."""
    # Version-control stamps would only make equal programs differ; a compiler needs its memory back.
    return command_env({"GOGC": "100", "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=readonly", "GOWORK": "off"})


def _module_folder(module: GoModule, go: str) -> Path:
    version = run(go, "env", "GOVERSION", cwd=module.folder, env=go_env()).stdout.strip()
    return cache_dir() / "bin" / f"{module.name}-{module.key(version)}"


def _build(module: GoModule, name: str, go: str, target: Path, progress: Progress) -> None:
    progress.step(f"{name}: building", _USUALLY.get(name, ""))
    target.mkdir(parents=True, exist_ok=True)
    # Renamed when whole: an interrupted build is never taken for a program.
    partial = target / f".{name}.partial"
    command = [go, "build", "-v", "-trimpath", "-ldflags", module.link_flags(), "-o", str(partial),
               module.programs()[name]]  # fmt: skip
    _follow(command, module.folder, name, progress)
    partial.rename(target / name)


def _render(module: GoModule, go: str, kubectl: Path, target: Path) -> None:
    """Render the upstream's own manifests, beside the programs: a later run needs no Go modules."""
    download = run(go, "mod", "download", "-json", module.upstream, cwd=module.folder, env=go_env())
    source = Path(json.loads(download.stdout)["Dir"]) / module.kustomization
    write_atomically(target, run(kubectl, "kustomize", source).stdout)


def _follow(command: list[str], folder: Path, name: str, progress: Progress) -> None:
    """Run a build, and report now and then how many packages are compiled."""
    process = subprocess.Popen(
        command, cwd=folder, env=go_env(), text=True, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    lines: list[str] = []
    announced = time.monotonic()
    with process:
        for line in process.stderr or ():
            lines.append(line)
            if time.monotonic() - announced > _HEARTBEAT_SECONDS:
                announced = time.monotonic()
                progress.note(f"{name}: {len(lines)} packages compiled, now {line.strip()}")
    if process.returncode != 0:
        raise BuildError(f"building {name} failed:\n{''.join(lines[-30:])}")
