"""deploy.sh: one click, each step alone, and what is only planned."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from tests.cluster.paths import repo_root
from tests.cluster.shell import PATIENCE_SECONDS
from tests.support.terraform.commands import Answer
from tests.support.terraform.deploying import ACCOUNT, IMAGES, NOT_PUSHED, Deployment, Run, changes, position

pytestmark = pytest.mark.integration


class TestOneClick:
    def test_each_step_runs_once_in_the_order_of_the_guide(self, twice: tuple[Deployment, list[Run]]) -> None:
        first = twice[1][0]
        assert first.done.returncode == 0, first.done.stderr
        order = [
            r"^aws sts get-caller-identity",
            r"^terraform -chdir=terraform init -input=false$",
            r"^terraform -chdir=terraform apply -input=false -auto-approve$",
            r"^docker login --username AWS --password-stdin",
            *(rf"^docker buildx build .*--target {image} .*--push \.$" for image in IMAGES),
            r"^kubectl apply --server-side .*crds/$",
            r"^helm upgrade --install silver-guardian charts/silver-guardian",
            r"^kubectl rollout status deployment/silver-guardian",
            r"^kubectl wait --for=condition=Ready analyzers --all",
            r"^aws s3 cp .* - s3://silver-guardian-media-.*/calls/smoke/noise.wav$",
            r"^kubectl create --namespace calls",
            r"^kubectl wait --namespace calls --for=condition=Finished analysisrequest.silverguardian.io/smoke-7x2kd",
        ]
        positions = [position(first.lines, pattern) for pattern in order]
        assert positions == sorted(positions)
        assert "./deploy.sh --destroy" in first.done.stdout

    def test_every_image_is_built_for_both_architectures_with_the_tag_of_the_release(
        self, twice: tuple[Deployment, list[Run]]
    ) -> None:
        lines = twice[1][0].lines
        builds = [line for line in lines if line.startswith("docker buildx build")]
        upgrade = lines[position(lines, r"^helm upgrade")]
        assert len(builds) == len(IMAGES)
        for image, build in zip(IMAGES, builds, strict=True):
            assert "--platform linux/amd64,linux/arm64" in build
            tag = re.search(rf"--tag {re.escape(ACCOUNT)}/silver-guardian/{image}:([0-9a-f]{{12}}) ", build)
            assert tag, build
            assert f"image.tag={tag[1]}" in upgrade

    def test_the_recording_of_the_smoke_test_is_a_wav_file(self, twice: tuple[Deployment, list[Run]]) -> None:
        uploaded = next(call.stdin for call in twice[1][0].calls if " - s3://" in call.line)
        with wave.open(io.BytesIO(uploaded.encode("latin-1"))) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (16000, 1, 64000)

    def test_the_users_own_kubeconfig_is_not_touched(self, twice: tuple[Deployment, list[Run]]) -> None:
        deployment, (first, _) = twice
        calls = [call for call in first.calls if call.line.startswith(("kubectl", "helm"))]
        assert calls
        assert {call.kubeconfig for call in calls}.isdisjoint({"/mine", ""})
        assert not list(deployment.folder.glob("tmp.*")), "the folder of the run was left behind"

    def test_a_second_run_builds_nothing_and_ends_well(self, twice: tuple[Deployment, list[Run]]) -> None:
        second = twice[1][1]
        assert second.done.returncode == 0, second.done.stderr
        assert not [line for line in second.lines if line.startswith(("docker buildx build", "docker login"))]
        assert position(second.lines, r"^terraform -chdir=terraform apply")
        assert position(second.lines, r"^helm upgrade --install")

    def test_the_newest_base_image_is_pinned_in_the_dockerfile_and_gives_another_tag(
        self, deployed: Deployment
    ) -> None:
        digest = f"sha256:{'0a' * 32}"
        dockerfile = deployed.folder / "Dockerfile"
        before, tag = dockerfile.read_text(), _tags(deployed)
        deployed.tools.answer(Answer(r"^docker buildx imagetools inspect", stdout=f"{digest}\n"))
        done = deployed.run(script="scripts/pin-base.sh")
        assert done.returncode == 0, done.stderr
        base = f"ARG BASE=docker.io/library/debian:trixie-slim@{digest}"
        assert dockerfile.read_text() == re.sub("^ARG BASE=.*$", base, before, flags=re.MULTILINE)
        assert _tags(deployed).isdisjoint(tag)

    def test_a_registry_that_names_no_digest_pins_nothing(self, deployed: Deployment) -> None:
        before = (deployed.folder / "Dockerfile").read_text()
        deployed.tools.answer(Answer(r"^docker buildx imagetools inspect", stdout="<html>\n"))
        done = deployed.run(script="scripts/pin-base.sh")
        assert (done.returncode, done.stderr) == (1, "the registry named no digest\n")
        assert (deployed.folder / "Dockerfile").read_text() == before

    @pytest.mark.parametrize(
        ("variables", "options"),
        [
            ({}, None),
            ({"COSIGN_KEY": "awskms:///alias/images"}, "--key awskms:///alias/images "),
            ({"COSIGN_KEYLESS": "yes"}, ""),
        ],
    )
    def test_images_are_signed_by_their_digest_where_somebody_can(
        self, deployed: Deployment, variables: dict[str, str], options: str | None
    ) -> None:
        digest = f"sha256:{'0b' * 32}"
        deployed.tools.answer(NOT_PUSHED)
        deployed.tools.answer(
            Answer(r"^docker buildx imagetools inspect", stdout=f"{digest}\n"), Answer(r"^cosign sign")
        )
        done = deployed.run("--step", "images", **variables)
        assert done.returncode == 0, done.stderr
        signed = [line for line in deployed.tools.lines() if line.startswith("cosign")]
        sign = f"cosign sign --yes --recursive {options}{ACCOUNT}/silver-guardian"
        assert signed == ([] if options is None else [f"{sign}/{image}@{digest}" for image in IMAGES])

    def test_a_changed_source_gets_another_tag(self, deployed: Deployment) -> None:
        before = _tags(deployed)
        assert _tags(deployed) == before
        (deployed.folder / "operator" / "source.py").write_text("second = 2\n")
        after = _tags(deployed)
        assert len(before) == len(after) == 1
        assert after != before

    def test_tofu_serves_where_there_is_no_terraform(self, deployment: Deployment) -> None:
        (deployment.tools.folder / "terraform").rename(deployment.tools.folder / "tofu")
        done = deployment.run("--step", "infrastructure")
        assert done.returncode == 0, done.stderr
        assert position(deployment.tools.lines(), r"^tofu -chdir=terraform apply")


class TestSteps:
    @pytest.mark.parametrize(
        ("step", "does", "does_not"),
        [
            ("check", r"^aws sts", r"^terraform"),
            ("infrastructure", r"^terraform .*apply", r"^(docker|helm|kubectl)"),
            ("images", r"^aws ecr describe-images", r"^(terraform .*apply|helm|kubectl)"),
            ("release", r"^helm upgrade", r"^(terraform .*apply|docker)"),
            ("ready", r"^kubectl rollout status", r"^(terraform .*apply|docker|helm)"),
            ("smoke", r"^kubectl create", r"^(terraform .*apply|docker|helm)"),
        ],
    )
    def test_one_step_alone(self, deployed: Deployment, step: str, does: str, does_not: str) -> None:
        done = deployed.run("--step", step)
        assert done.returncode == 0, done.stderr
        lines = deployed.tools.lines()
        assert position(lines, does) >= 0
        unwanted = [line for line in lines if re.search(does_not, line) and "docker info" not in line]
        assert step == "check" or not unwanted

    @pytest.mark.parametrize("step", ["images", "release", "ready", "smoke"])
    def test_a_step_before_the_infrastructure_says_what_to_run_first(self, deployment: Deployment, step: str) -> None:
        done = deployment.run("--step", step)
        assert done.returncode == 1
        assert "run ./deploy.sh --step infrastructure first" in done.stderr
        assert not changes(deployment.tools.lines())

    def test_an_unknown_step_is_refused_with_the_known_ones(self, deployment: Deployment) -> None:
        done = deployment.run("--step", "magic")
        assert done.returncode == 1
        assert (
            'there is no step "magic"; the steps are: check, infrastructure, images, release, ready, smoke'
            in done.stderr
        )

    def test_an_unknown_option_shows_the_usage(self, deployment: Deployment) -> None:
        done = deployment.run("--force")
        assert done.returncode == 2
        assert "Usage: ./deploy.sh" in done.stderr
        assert not deployment.tools.lines()


class TestPlan:
    def test_before_the_first_deployment_it_changes_nothing(self, deployment: Deployment) -> None:
        done = deployment.run("--plan")
        assert done.returncode == 0, done.stderr
        assert changes(deployment.tools.lines()) == []
        assert position(deployment.tools.lines(), r"^terraform -chdir=terraform plan .*-lock=false")
        assert all(f"{image} would be built and pushed" in done.stdout for image in IMAGES)
        assert "nothing was changed" in done.stdout

    def test_of_a_deployment_it_changes_nothing_and_tries_the_release(self, deployed: Deployment) -> None:
        done = deployed.run("--plan")
        assert done.returncode == 0, done.stderr
        assert changes(deployed.tools.lines()) == []
        assert all(f"{image} is in the registry" in done.stdout for image in IMAGES)
        assert position(deployed.tools.lines(), r"^helm upgrade .*--dry-run=server$")


def _tags(deployed: Deployment) -> set[str]:
    """Return the tags that a run asks the registry for."""
    deployed.tools.forget()
    assert deployed.run("--step", "images").returncode == 0
    calls = [line for line in deployed.tools.lines() if line.startswith("aws ecr describe-images")]
    return {line.rpartition("imageTag=")[2] for line in calls}


def test_shellcheck_has_nothing_to_say() -> None:
    program = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run(
        [program, repo_root() / "deploy.sh"], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert (done.returncode, done.stdout) == (0, "")
