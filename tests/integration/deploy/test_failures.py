"""deploy.sh: what goes wrong, what it says then, and that it can be run again."""

from __future__ import annotations

import re

import pytest

from tests.support.terraform.commands import Answer
from tests.support.terraform.deploying import Deployment, changes, outputs, position

pytestmark = pytest.mark.integration


class TestWhatGoesWrong:
    def test_all_that_is_missing_is_said_at_once(self, deployment: Deployment) -> None:
        for tool in ("terraform", "helm"):
            deployment.tools.remove(tool)
        deployment.tools.answer(
            Answer(r"^aws sts", code=253, stderr="Unable to locate credentials\n"),
            Answer(r"^docker info", code=1, stderr="Cannot connect to the Docker daemon\n"),
            Answer(r"^docker buildx version", code=1),
        )
        done = deployment.run()
        assert done.returncode == 1
        for missing in ("helm:", "terraform 1.11 or tofu", "a Docker daemon", "docker buildx", "AWS credentials"):
            assert missing in done.stderr
        assert changes(deployment.tools.lines()) == []

    @pytest.mark.parametrize("tool", ["aws", "docker", "kubectl"])
    def test_a_tool_that_is_not_there_is_named(self, deployment: Deployment, tool: str) -> None:
        deployment.tools.remove(tool)
        done = deployment.run()
        assert done.returncode == 1
        assert f"- {tool}: " in done.stderr
        assert changes(deployment.tools.lines()) == []

    def test_an_apply_that_fails_half_way_stops_there_and_the_next_run_goes_on(self, deployment: Deployment) -> None:
        deployment.tools.answer(
            Answer(
                r"^terraform -chdir=terraform apply", code=1, stderr="Error: creating EKS Node Group\n",
                leaves=(Answer(r"^terraform -chdir=terraform apply", leaves=(outputs(),)),),
            )
        )  # fmt: skip
        first = deployment.run()
        assert first.returncode == 1
        assert "may cost" in first.stderr
        assert not [line for line in deployment.tools.lines() if line.startswith(("docker buildx build", "helm"))]
        second = deployment.run()
        assert second.returncode == 0, second.stderr
        assert position(deployment.tools.lines(), r"^helm upgrade")

    def test_an_init_that_fails_shows_what_terraform_said(self, deployment: Deployment) -> None:
        deployment.tools.answer(
            Answer(r"^terraform .*init", code=1, stderr="Error: Failed to get existing workspaces\n")
        )
        done = deployment.run()
        assert done.returncode == 1
        assert "Failed to get existing workspaces" in done.stderr

    def test_a_push_that_is_refused_stops_before_the_release(self, deployment: Deployment) -> None:
        deployment.tools.answer(Answer(r"^docker buildx build .*--target video ", code=1, stderr="403 Forbidden\n"))
        done = deployment.run()
        assert done.returncode == 1
        assert "building or pushing video failed" in done.stderr
        assert not [line for line in deployment.tools.lines() if line.startswith("helm")]
        deployment.tools.forget()
        deployment.tools.answer(
            Answer(r"^docker buildx build .*--target video "),
            *(Answer(rf"^aws ecr describe-images .*/{image} ") for image in ("operator", "audio")),
        )
        assert deployment.run("--step", "images").returncode == 0
        built = [line for line in deployment.tools.lines() if line.startswith("docker buildx build")]
        assert not [line for line in built if re.search("--target (operator|audio) ", line)]
        assert [line for line in built if "--target video " in line]

    def test_a_login_that_the_registry_refuses(self, deployment: Deployment) -> None:
        deployment.tools.answer(Answer(r"^docker login", reads=True, code=1, stderr="denied\n"))
        done = deployment.run()
        assert done.returncode == 1
        assert "the login to the registry" in done.stderr
        assert not [line for line in deployment.tools.lines() if line.startswith("docker buildx build")]

    def test_a_builder_for_one_architecture_only(self, deployment: Deployment) -> None:
        deployment.tools.answer(Answer(r"^docker buildx inspect --bootstrap", stdout="Platforms: linux/amd64\n"))
        done = deployment.run()
        assert done.returncode == 1
        assert "cannot build for linux/arm64" in done.stderr
        assert "binfmt" in done.stderr

    def test_a_release_that_fails_is_not_waited_for(self, deployment: Deployment) -> None:
        deployment.tools.answer(Answer(r"^helm upgrade", code=1, stderr="Error: UPGRADE FAILED\n"))
        done = deployment.run()
        assert done.returncode == 1
        assert "helm upgrade failed" in done.stderr
        assert not [line for line in deployment.tools.lines() if line.startswith("kubectl rollout")]

    def test_definitions_that_the_cluster_refuses_stop_before_the_release(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^kubectl apply --server-side", code=1, stderr="Error: forbidden\n"))
        done = deployed.run("--step", "release")
        assert done.returncode == 1
        assert "definitions could not be applied" in done.stderr
        assert not [line for line in deployed.tools.lines() if line.startswith("helm")]

    def test_a_cluster_that_cannot_be_reached(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^aws eks update-kubeconfig", code=255, stderr="AccessDeniedException\n"))
        done = deployed.run("--step", "ready")
        assert done.returncode == 1
        assert "the cluster silver-guardian cannot be reached" in done.stderr
        assert not [line for line in deployed.tools.lines() if line.startswith("kubectl")]

    def test_an_operator_that_does_not_start_is_shown_with_its_events(self, deployed: Deployment) -> None:
        deployed.tools.answer(
            Answer(r"^kubectl rollout", code=1),
            Answer(r"^kubectl get events", stdout="Warning  Failed  pod/silver-guardian  ImagePullBackOff\n"),
        )
        done = deployed.run("--step", "ready")
        assert done.returncode == 1
        assert "ImagePullBackOff" in done.stderr
        assert "the operator did not get ready" in done.stderr

    def test_a_smoke_request_that_fails_says_why_and_stays(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^kubectl get .*'Succeeded'\)\]\.status\}$", stdout="False"))
        done = deployed.run("--step", "smoke")
        assert done.returncode == 1
        assert "smoke-7x2kd failed: AccessDenied: S3 refused the recording." in done.stderr
        assert not [line for line in deployed.tools.lines() if line.startswith(("kubectl delete", "aws s3 rm"))]

    def test_a_smoke_request_that_does_not_end(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^kubectl wait .*condition=Finished", code=1, stderr="timed out\n"))
        done = deployed.run("--step", "smoke")
        assert done.returncode == 1
        assert "smoke-7x2kd did not finish: AccessDenied" in done.stderr

    def test_an_upload_that_is_refused(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^aws s3 cp", reads=True, code=1, stderr="upload failed: AccessDenied\n"))
        done = deployed.run("--step", "smoke")
        assert done.returncode == 1
        assert "the upload to s3://silver-guardian-media" in done.stderr
