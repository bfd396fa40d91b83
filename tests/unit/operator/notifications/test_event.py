"""What is sent: read by the CloudEvents SDK, checked by Standard Webhooks' own code; and where it may be sent to."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from analysis_operator.api import AnalysisBatch, Analyzer, Mode
from analysis_operator.notifications.addresses import is_allowed
from analysis_operator.notifications.event import (
    batch_finished,
    encoded,
    key_of,
    pool_unscalable,
    request_finished,
    signed,
)
from tests.cluster.paths import repo_root
from tests.support.operator.requests import request

KEY = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
ENDED = "2026-11-01T12:00:05Z"
FINISHED = {
    "verdict": "LikelyFake",
    "score": 97,
    "finishedAt": ENDED,
    "reportURI": "s3://results/report.html",
    "conditions": [
        {"type": kind, "status": "True", "reason": "Completed", "message": "say the code", "lastTransitionTime": ENDED}
        for kind in ("Succeeded", "Finished")
    ],
}


def read(mode: Mode, event: Any) -> Any:
    headers, body = encoded(event, "https://guardian.example.org", mode)
    return from_http_event(HTTPMessage({name.lower(): value for name, value in headers.items()}, body))


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_the_sdk_reads_the_end_of_a_request(mode: Mode) -> None:
    event = read(mode, request_finished(request(FINISHED)))
    assert event.get_id() == "uid-1.finished"
    assert event.get_type() == "io.silverguardian.request.finished"
    assert event.get_source() == "https://guardian.example.org"
    assert event.get_subject() == "namespaces/default/analysisrequests/call"
    assert event.get_time() == datetime(2026, 11, 1, 12, 0, 5, tzinfo=UTC)
    assert event.get_datacontenttype() == "application/json"
    names = {"name": "call", "namespace": "default", "uid": "uid-1"}
    verdict = {"verdict": "LikelyFake", "score": 97, "reason": "Completed", "reportURI": "s3://results/report.html"}
    assert event.get_data() == {**names, **verdict}, "no message, no finding, no word of the recording"


def test_the_sdk_reads_the_end_of_a_batch() -> None:
    meta = {"name": "november", "namespace": "bank", "uid": "b1"}
    told = {"type": "Complete", "status": "True", "reason": "Completed", "lastTransitionTime": ENDED}
    status = {"finishedAt": ENDED, "resultsURI": "s3://r/", "counts": {"likelyFake": 2}, "conditions": [told]}
    spec = {"source": {"prefix": "s3://media/november/"}}
    batch = AnalysisBatch.model_validate({"metadata": meta, "spec": spec, "status": status})
    data = read("structured", batch_finished(batch)).get_data()
    assert (data["reason"], data["counts"]["likelyFake"], data["resultsURI"]) == ("Completed", 2, "s3://r/")


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ([("ScalingActive", "False", "KedaMissing")], "KedaMissing"),
        ([("ScalingActive", "False", "FixedSize")], None),
        ([("ScalingActive", "True", "KedaScales"), ("Ready", "False", "PodsFailing")], "PodsFailing"),
        ([("ScalingActive", "True", "KedaScales"), ("Ready", "False", "PodsStarting")], None),
        ([("ScalingActive", "Unknown", "KedaStarting")], None),
        ([], None),
    ],
)
def test_which_pools_cannot_scale(conditions: list[tuple[str, str, str]], reason: str | None) -> None:
    rows = [
        {"type": kind, "status": status, "reason": why, "lastTransitionTime": ENDED} for kind, status, why in conditions
    ]
    meta = {"name": "audio", "namespace": "guardians", "uid": "a1"}
    body = {"metadata": meta, "spec": {"image": "x", "port": 8000}, "status": {"queued": 3, "conditions": rows}}
    event = pool_unscalable(Analyzer.model_validate(body))
    assert (event.data["reason"] if event else None) == reason
    if event is not None:
        assert event.id == f"a1.{reason}.20261101T120005Z", "the same after a restart"
        assert event.data["queued"] == 3


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_a_signature_is_checked_by_standard_webhooks_own_code(mode: Mode) -> None:
    event = request_finished(request(FINISHED))
    _, body = encoded(event, "/x", mode)
    headers = signed(key_of(KEY), event.id, body, datetime.now(UTC))
    Webhook(KEY).verify(body, headers)
    other = "whsec_" + base64.b64encode(b"another key of 24 bytes.").decode()
    for wrong_key, wrong_body in ((other, body), (KEY, body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(wrong_key).verify(wrong_body, headers, json_parse=False)


def test_the_example_of_the_page_checks_signatures() -> None:
    page = (repo_root() / "docs" / "notifications.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    known: dict[str, Any] = {}
    exec(code, known)  # noqa: S102 - our own page
    headers = signed(key_of(KEY), "id-1", b"{}", datetime.now(UTC))
    assert known["is_genuine"](KEY, headers, b"{}")
    assert not known["is_genuine"](KEY, headers, b"{} ")
    late = signed(key_of(KEY), "id-1", b"{}", datetime(2026, 1, 1, tzinfo=UTC))
    assert not known["is_genuine"](KEY, late, b"{}"), "an old call that somebody sends again"


@pytest.mark.parametrize("key", ["secret", "whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"short").decode()])
def test_a_key_that_is_none_signs_nothing(key: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64|non-alphabet|Non-base64|padding"):
        key_of(key)


REFUSED = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",  # noqa: S104
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a00:1::1",
    "2001:0:5ef5:79fb:0:59:f5ff:fffe",
]


@pytest.mark.parametrize("address", REFUSED)
def test_a_namespace_reaches_nothing_that_is_not_public(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_reached(address: str) -> None:
    assert is_allowed(address, ())
    assert not is_allowed(address, (), public=False), "without https"


def test_the_installation_allows_networks() -> None:
    networks = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert is_allowed("10.1.2.3", networks, public=False)
    assert is_allowed("::ffff:10.1.2.3", networks)
    assert is_allowed("fd00::5", networks)
    assert not is_allowed("10.2.0.1", networks)
