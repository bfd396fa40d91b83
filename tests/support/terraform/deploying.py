"""deploy.sh in a copy of what it needs, with stand-ins of the tools that it calls."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.paths import repo_root
from tests.cluster.shell import PATIENCE_SECONDS
from tests.support.terraform.commands import Answer, Call, Commands

_TOOLS = ("aws", "docker", "terraform", "helm", "kubectl", "curl", "cosign")
_PLAIN = (
    "base64", "bash", "cat", "cut", "dirname", "find", "grep", "head", "jq", "mktemp", "rm", "sed", "sha256sum", "sort",
)  # fmt: skip
ACCOUNT = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
_OUTPUTS = {
    "region": "ap-northeast-2",
    "cluster_name": "silver-guardian",
    "namespace": "silver-guardian",
    "pipeline_namespace": "calls",
    "media_bucket": "silver-guardian-media-123456789012-ap-northeast-2",
    "media_prefix": "calls/",
    "registry": ACCOUNT,
    "repositories": {
        image: f"{ACCOUNT}/silver-guardian/{image}" for image in ("operator", "audio", "video", "context", "status-api")
    },
    "helm_values": '"operator":\n  "resultsURI": "s3://results/"\n',
    "operator_image_tag": "",
    "status_api_enabled": False,
    "database_endpoint": "",
    "database_secret_arn": "",
}


def outputs(**changed: object) -> Answer:
    values = {**_OUTPUTS, **changed}
    body = json.dumps({name: {"sensitive": False, "value": value} for name, value in values.items()})
    return Answer(r"^terraform -chdir=terraform output -json$", stdout=body)


NOTHING_DEPLOYED = Answer(r"^terraform -chdir=terraform output -json$", stdout="{}\n")
NOT_PUSHED = Answer(
    r"^aws ecr describe-images",
    stderr="An error occurred (ImageNotFoundException) when calling the DescribeImages operation\n",
    code=254,
)
_AN_EMPTY_ACCOUNT = (
    Answer(r"^aws sts get-caller-identity", stdout="arn:aws:iam::123456789012:user/grandchild\n"),
    NOTHING_DEPLOYED,
    Answer(r"^terraform -chdir=terraform apply", leaves=(outputs(),)),
    NOT_PUSHED,
    Answer(r"^aws ecr get-login-password", stdout="a-password\n"),
    Answer(r"^docker login", reads=True),
    Answer(r"^docker buildx inspect silver-guardian$", code=1, stderr="ERROR: no builder \"silver-guardian\" found\n"),
    Answer(r"^docker buildx inspect --bootstrap", stdout="Platforms: linux/amd64, linux/arm64, linux/386\n"),
    *(
        Answer(rf"^docker buildx build .*--target {image} ", leaves=(Answer(rf"^aws ecr describe-images .*/{image} "),))
        for image in ("operator", "audio", "video", "context", "status-api")
    ),
    Answer(r"^aws eks update-kubeconfig"),
    Answer(r"^aws s3 cp .* - s3://", reads=True),
    Answer(r"^kubectl create --namespace calls", reads=True, stdout="analysisrequest.silverguardian.io/smoke-7x2kd\n"),
    Answer(r"^kubectl get --namespace calls .*status$", stdout=""),
    Answer(r"^kubectl get .*@\.type=='Succeeded'\)\]\.status\}$", stdout="True"),
    Answer(r"^kubectl get .*@\.type=='Succeeded'\)\]\.reason\}$", stdout="AccessDenied"),
    Answer(r"^kubectl get .*@\.type=='Succeeded'\)\]\.message\}$", stdout="S3 refused the recording."),
    Answer(r"^helm status", code=1, stderr="Error: release: not found\n"),
    Answer(r"^helm upgrade .*(?<!--dry-run=server)$", leaves=(Answer(r"^helm status"),)),
    Answer(r"^helm uninstall", leaves=(Answer(r"^helm status", code=1),)),
)  # fmt: skip


@dataclass(frozen=True)
class Deployment:
    """A copy of what deploy.sh needs, and the tools it finds."""

    folder: Path
    tools: Commands

    def run(
        self, *options: str, script: str = "deploy.sh", typed: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(self.folder / script), *options],
            env={
                "PATH": self.tools.path, "HOME": str(self.folder), "KUBECONFIG": "/mine", "TMPDIR": str(self.folder),
                **variables,
            },
            input=typed, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
        )  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One run: how it ended, and what it called."""

    done: subprocess.CompletedProcess[str]
    calls: list[Call]

    @property
    def lines(self) -> list[str]:
        return [call.line for call in self.calls]


def checkout(folder: Path) -> Deployment:
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in ("deploy.sh", ".dockerignore", "Dockerfile", "pyproject.toml", "uv.lock"):
        shutil.copy(repo_root() / name, checkout / name)
    for line in (checkout / ".dockerignore").read_text().splitlines():
        if line.startswith("!") and not (checkout / line[1:]).exists():
            (checkout / line[1:]).mkdir(parents=True)
            (checkout / line[1:] / "source.py").write_text("first = 1\n")
    (checkout / "terraform").mkdir()
    (checkout / "scripts").mkdir(exist_ok=True)
    shutil.copy(repo_root() / "scripts" / "pin-base.sh", checkout / "scripts")
    tools = Commands(folder / "tools", _TOOLS, _AN_EMPTY_ACCOUNT)
    tools.link_plain(*_PLAIN)
    return Deployment(checkout, tools)


def position(lines: list[str], pattern: str) -> int:
    calls = [index for index, line in enumerate(lines) if re.search(pattern, line)]
    assert calls, f"no call matches {pattern}:\n" + "\n".join(lines)
    return calls[0]


def changes(lines: list[str]) -> list[str]:
    """Return the calls that change something anywhere but in this folder."""
    changing = (
        r"^terraform \S+ (apply|destroy)|^docker (login|buildx (build|create))|^helm (?!status)(?!.*--dry-run)|"
        r"^kubectl (?!get|wait|rollout)|^aws s3 (cp|rm)|^aws eks update-kubeconfig (?!.*--kubeconfig)"
    )
    return [line for line in lines if re.search(changing, line)]


IMAGES = tuple(re.search(r'IMAGES="(.*)"', (repo_root() / "deploy.sh").read_text())[1].split())  # type: ignore[index]
