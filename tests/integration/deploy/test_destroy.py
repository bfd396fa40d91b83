"""deploy.sh: the database's address, and taking all of it off again."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.terraform.commands import Answer
from tests.support.terraform.deploying import NOTHING_DEPLOYED, Deployment, changes, outputs, position

pytestmark = pytest.mark.integration


class TestDatabase:
    _SECRET = json.dumps({"username": "silver_guardian", "password": "a/b@c:d#e%"})

    def _with_database(self, deployed: Deployment) -> None:
        deployed.tools.answer(
            outputs(
                database_endpoint="silver-guardian.abc.ap-northeast-2.rds.amazonaws.com:5432",
                database_secret_arn="arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:rds!db-1",
            ),
            Answer(r"^aws secretsmanager get-secret-value", stdout=self._SECRET + "\n"),
            Answer(r"^kubectl create secret generic", reads=True, stdout="kind: Secret\n"),
            Answer(r"^curl .*/global-bundle.pem$", stdout="-----BEGIN CERTIFICATE-----\n"),
            Answer(r"^kubectl create configmap", reads=True, stdout="kind: ConfigMap\n"),
            Answer(r"^kubectl apply .*--filename -$", reads=True),
        )

    def test_its_address_gets_into_a_secret_and_onto_no_command_line(self, deployed: Deployment) -> None:
        self._with_database(deployed)
        assert deployed.run("--step", "release").returncode == 0
        calls = deployed.tools.calls()
        written = next(call for call in calls if call.line.startswith("kubectl create secret generic"))
        assert written.stdin == (
            "postgresql://silver_guardian:a%2Fb%40c%3Ad%23e%25@"
            "silver-guardian.abc.ap-northeast-2.rds.amazonaws.com:5432/silver_guardian?sslmode=verify-full"
        )
        assert not [call for call in calls if "a%2Fb" in call.line or "a/b@c" in call.line]
        authority = next(call for call in calls if call.line.startswith("kubectl create configmap"))
        assert "BEGIN CERTIFICATE" in authority.stdin
        lines = deployed.tools.lines()
        assert position(lines, r"^kubectl create secret") < position(lines, r"^helm upgrade")

    def _with_status_api(self, deployed: Deployment) -> None:
        self._with_database(deployed)
        database = {
            "database_endpoint": "silver-guardian.abc.ap-northeast-2.rds.amazonaws.com:5432",
            "database_secret_arn": "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:rds!db-1",
        }
        deployed.tools.answer(
            outputs(**database, status_api_enabled=True),
            Answer(r"^kubectl get secret \S+-reader --namespace \S+$", code=1),
            Answer(r"^kubectl create --filename -$", reads=True),
            Answer(r"^kubectl get secret .*jsonpath=\{.data.password\}$", stdout="c2VjcmV0"),
            Answer(r"^kubectl exec --stdin", reads=True),
        )

    def test_the_status_api_gets_a_role_of_its_own_whose_password_is_on_no_command_line(
        self, deployed: Deployment
    ) -> None:
        self._with_status_api(deployed)
        done = deployed.run("--step", "release")
        assert done.returncode == 0, done.stderr
        calls = deployed.tools.calls()
        made = json.loads(next(call for call in calls if call.line == "kubectl create --filename -").stdin)
        password = made["stringData"]["password"]
        assert re.fullmatch(r"[0-9a-f]{48}", password)
        assert f"//status_api:{password}@silver-guardian.abc" in made["stringData"]["url"]
        assert made["stringData"]["url"].endswith("/silver_guardian?sslmode=verify-full")
        asked = next(call for call in calls if call.line.startswith("kubectl exec"))
        assert asked.line.endswith("deployment/silver-guardian -- python -m analysis_records reader status_api")
        assert asked.stdin == "secret"
        assert not [call for call in calls if password in call.line]
        lines = deployed.tools.lines()
        assert position(lines, r"^kubectl create --filename -") < position(lines, r"^helm upgrade")
        assert (
            position(lines, r"^helm upgrade") < position(lines, r"^kubectl rollout") < position(lines, r"^kubectl exec")
        )

    def test_a_password_that_is_there_stays(self, deployed: Deployment) -> None:
        self._with_status_api(deployed)
        deployed.tools.answer(Answer(r"^kubectl get secret \S+-reader --namespace \S+$"))
        assert deployed.run("--step", "release").returncode == 0
        lines = deployed.tools.lines()
        assert "kubectl create --filename -" not in lines
        assert position(lines, r"^kubectl exec")

    def test_without_the_right_to_read_it_the_release_is_left_alone(self, deployed: Deployment) -> None:
        self._with_database(deployed)
        deployed.tools.answer(Answer(r"^aws secretsmanager", code=254, stderr="AccessDeniedException\n"))
        done = deployed.run("--step", "release")
        assert done.returncode == 1
        assert "database's address" in done.stderr
        assert not [line for line in deployed.tools.lines() if line.startswith("helm upgrade")]

    def test_a_release_that_terraform_keeps_is_left_to_it(self, deployed: Deployment) -> None:
        deployed.tools.answer(outputs(operator_image_tag="0.1.0"))
        done = deployed.run("--step", "release")
        assert done.returncode == 0, done.stderr
        assert not [line for line in deployed.tools.lines() if line.startswith("helm")]


class TestDestroy:
    def test_the_release_goes_before_keda_and_the_cluster(self, deployed: Deployment) -> None:
        done = deployed.run("--destroy", typed="destroy\n")
        assert done.returncode == 0, done.stderr
        lines = deployed.tools.lines()
        order = [
            r"^helm uninstall silver-guardian --namespace silver-guardian --wait",
            r"^kubectl wait --for=delete scaledobjects --all --namespace silver-guardian",
            r"^kubectl delete --filename charts/silver-guardian/crds/",
            r"^terraform -chdir=terraform destroy -input=false -auto-approve$",
        ]
        positions = [position(lines, pattern) for pattern in order]
        assert positions == sorted(positions)

    @pytest.mark.parametrize("typed", ["", "y\n", "yes\n", "Destroy\n"])
    def test_anything_but_the_word_itself_removes_nothing(self, deployed: Deployment, typed: str) -> None:
        done = deployed.run("--destroy", typed=typed)
        assert done.returncode == 1
        assert "nothing was removed" in done.stderr
        assert changes(deployed.tools.lines()) == []

    def test_yes_asks_nothing(self, deployed: Deployment) -> None:
        assert deployed.run("--destroy", "--yes").returncode == 0
        assert position(deployed.tools.lines(), r"^terraform .*destroy")

    def test_scaled_objects_that_stay_keep_keda_and_the_cluster(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^kubectl wait --for=delete", code=1, stderr="timed out\n"))
        done = deployed.run("--destroy", "--yes")
        assert done.returncode == 1
        assert "Check that KEDA runs" in done.stderr
        assert not [line for line in deployed.tools.lines() if re.search("^terraform .*destroy", line)]

    def test_a_release_that_cannot_be_removed_keeps_keda_and_the_cluster(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^helm uninstall", code=1, stderr="Error: timed out\n"))
        done = deployed.run("--destroy", "--yes")
        assert done.returncode == 1
        assert "helm uninstall failed" in done.stderr
        assert not [line for line in deployed.tools.lines() if re.search("^terraform .*destroy", line)]

    def test_a_destroy_that_fails_says_that_it_may_cost_and_can_be_repeated(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^terraform .*destroy", code=1, stderr="Error: DependencyViolation\n"))
        done = deployed.run("--destroy", "--yes")
        assert done.returncode == 1
        assert "may cost" in done.stderr
        deployed.tools.answer(Answer(r"^terraform .*destroy"), NOTHING_DEPLOYED)
        again = deployed.run("--destroy", "--yes")
        assert again.returncode == 0, again.stderr
        assert "everything was removed" in again.stdout

    def test_after_an_apply_that_failed_half_way(self, deployment: Deployment) -> None:
        done = deployment.run("--destroy", "--yes")
        assert done.returncode == 0, done.stderr
        assert not [line for line in deployment.tools.lines() if line.startswith(("helm", "kubectl"))]
        assert position(deployment.tools.lines(), r"^terraform .*destroy")

    def test_a_cluster_that_does_not_answer_any_more(self, deployed: Deployment) -> None:
        deployed.tools.answer(Answer(r"^kubectl get namespaces", code=1, stderr="connection refused\n"))
        done = deployed.run("--destroy", "--yes")
        assert done.returncode == 0, done.stderr
        assert not [line for line in deployed.tools.lines() if line.startswith("helm")]
        assert position(deployed.tools.lines(), r"^terraform .*destroy")
