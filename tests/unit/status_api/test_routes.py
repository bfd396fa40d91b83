"""The status API as an app sees it: the real application over requests in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from analysis_operator.api import AnalysisStatus, Condition, ConditionType
from analyzer_contract import Verdict
from tests.support.web.status_api import NOW, Api, body, make_api

UNKNOWN = "a-unknown.00000000-0000-0000-0000-000000000000"
PROBLEM = "application/problem+json"


@pytest.fixture
def api() -> Api:
    return make_api()


@pytest.fixture
async def one(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


@pytest.fixture
async def two(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client("token-of-two") as client:
        yield client


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    return str(problem["detail"])


def finished(reason: str = "Completed") -> list[Condition]:
    return [
        Condition(type=ConditionType.SUCCEEDED, status="True", reason=reason, last_transition_time=NOW),
        Condition(type=ConditionType.FINISHED, status="True", reason=reason, last_transition_time=NOW),
    ]


async def test_an_analysis_is_asked_for_and_read(one: httpx.AsyncClient) -> None:
    asked = await one.post("/v1/analyses", json=body())
    assert asked.status_code == 202
    assert int(asked.headers["Retry-After"]) > 0
    read = await one.get(asked.headers["Location"])
    assert read.json() == asked.json()
    assert read.json()["state"] == "Waiting"
    assert read.json()["analyzers"] == ["audio", "video"]
    assert read.headers["Cache-Control"] == "private, no-cache"


async def test_what_has_not_changed_is_not_sent_again(api: Api, one: httpx.AsyncClient) -> None:
    asked = await one.post("/v1/analyses", json=body())
    where, etag = asked.headers["Location"], asked.headers["ETag"]
    assert not etag.startswith("W/")
    for given in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = await one.get(where, headers={"If-None-Match": given})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    await api.status(
        "one", asked.json()["id"].rpartition(".")[0], verdict=Verdict.SUSPICIOUS, score=85, conditions=finished()
    )
    changed = await one.get(where, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    assert (changed.json()["state"], changed.json()["verdict"], changed.json()["score"]) == (
        "Finished",
        "Suspicious",
        85,
    )
    assert "Retry-After" not in changed.headers, "it never changes again"


async def test_the_share_that_was_examined_is_told(api: Api, one: httpx.AsyncClient) -> None:
    asked = await one.post("/v1/analyses", json=body())
    parts = [AnalysisStatus(name="audio", examined_share=23), AnalysisStatus(name="video")]
    await api.status("one", asked.json()["id"].rpartition(".")[0], analyses=parts)
    read = await one.get(asked.headers["Location"])
    assert [part["examinedShare"] for part in read.json()["analyses"]] == [23, None]


async def test_a_repeated_key_gives_the_same_analysis(api: Api, one: httpx.AsyncClient, two: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "my-call-1"}
    first, again = [await one.post("/v1/analyses", json=body(), headers=key) for _ in range(2)]
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert len(api.requests.list()) == 1
    other = await one.post("/v1/analyses", json=body(key="other.wav"), headers=key)
    assert "another body" in refused(other, 409)
    theirs = await two.post("/v1/analyses", json=body("two"), headers=key)
    assert theirs.json()["id"] != first.json()["id"], "another tenant's key is another key"
    without = [(await one.post("/v1/analyses", json=body())).json()["id"] for _ in range(2)]
    assert len(set(without)) == 2


async def test_another_tenants_analysis_looks_like_one_that_is_not_there(
    api: Api, one: httpx.AsyncClient, two: httpx.AsyncClient
) -> None:
    where = (await one.post("/v1/analyses", json=body())).headers["Location"]
    name = where.rpartition("/")[2].rpartition(".")[0]
    await api.status("one", name, report_uri="s3://results/one/x/report.html", conditions=finished())
    for path in ("", "/report"):
        theirs, unknown = await two.get(f"{where}{path}"), await two.get(f"/v1/analyses/{UNKNOWN}{path}")
        assert refused(theirs, 404) == refused(unknown, 404)
        assert theirs.headers == unknown.headers
        assert (await one.get(f"{where}{path}")).status_code == 200
    assert (await two.get("/v1/analyses")).json() == {"items": [], "next": None}


async def test_an_analysis_is_erased_with_its_upload(api: Api, one: httpx.AsyncClient) -> None:
    asked = (await one.post("/v1/analyses", json=body())).json()
    for _ in range(2):
        erased = await one.delete(f"/v1/analyses/{asked['id']}")
        assert (erased.status_code, erased.content) == (202, b"")
    (erasure,) = await api.erasures.list()
    assert erasure.metadata.namespace == "one"
    assert erasure.spec.source_uri == asked["source"]["uri"]
    assert (f"{erasure.spec.name}.{erasure.spec.uid}", erasure.spec.analyzers) == (asked["id"], asked["analyzers"])


async def test_another_tenants_analysis_is_not_erased(api: Api, one: httpx.AsyncClient, two: httpx.AsyncClient) -> None:
    where = (await one.post("/v1/analyses", json=body())).headers["Location"]
    theirs, unknown = await two.delete(where), await two.delete(f"/v1/analyses/{UNKNOWN}")
    assert refused(theirs, 404) == refused(unknown, 404)
    assert await api.erasures.list() == []


async def test_a_recording_that_was_not_uploaded_here_stays() -> None:
    api = make_api({"sources": {"one": ["s3://archive/one/"]}})
    async with api.client() as client:
        asked = await client.post("/v1/analyses", json={"source": {"uri": "s3://archive/one/call.wav"}})
        assert (await client.delete(asked.headers["Location"])).status_code == 202
    (erasure,) = await api.erasures.list()
    assert erasure.spec.source_uri is None


async def test_lists_are_walked_page_by_page_newest_first(one: httpx.AsyncClient, two: httpx.AsyncClient) -> None:
    made = [(await one.post("/v1/analyses", json=body(key=f"{number}.wav"))).json()["id"] for number in range(5)]
    await two.post("/v1/analyses", json=body("two"))
    seen, query = [], {"limit": "2"}
    while True:
        page = (await one.get("/v1/analyses", params=query)).json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
        if len(seen) == 2:  # what comes meanwhile is newer, and moves nothing
            await one.post("/v1/analyses", json=body(key="later.wav"))
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["", "x", "djEgMSBBISE", "é", "djEgMSA", "a" * 600])
async def test_a_cursor_that_was_not_given_is_refused(one: httpx.AsyncClient, cursor: str) -> None:
    refused(await one.get("/v1/analyses", params={"cursor": cursor}), 422)


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        ({}, "source"),
        ({"source": {"uri": "http://x"}}, "uri"),
        (body(analyzers=[]), "analyzers"),
        (body(analyzers=["audio", "audio"]), "once"),
        (body(analyzers=["No"]), "analyzers"),
        (body(priority=1000), "priority"),
        ({"source": {"uri": "s3://media/uploads/one/a\nb"}}, "uri"),
        ({"source": {"uri": "s3://media/uploads/one/../two/call.wav"}}, "uri"),
        ({"source": {"uri": "s3://media/uploads/one/."}}, "uri"),
        ({"source": {"uri": "s3://media/uploads/one/a\u202evaw.exe"}}, "uri"),
        ([1], ""),
    ],
)
async def test_the_problem_of_a_wrong_body_names_what_is_wrong(one: httpx.AsyncClient, sent: Any, detail: str) -> None:
    assert detail in refused(await one.post("/v1/analyses", json=sent), 422)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://media/uploads/two/call.wav",
        "s3://media/uploads/one-evil/call.wav",
        "s3://media/secret.wav",
        "s3://other/uploads/one/call.wav",
    ],
)
async def test_only_what_a_tenant_uploaded_is_analysed(one: httpx.AsyncClient, uri: str) -> None:
    refused(await one.post("/v1/analyses", json={"source": {"uri": uri}}), 403)


async def test_a_granted_prefix_is_analysed_too() -> None:
    api = make_api({"sources": {"one": ("s3://archive/one/",)}})
    source = {"source": {"uri": "s3://archive/one/call.wav"}}
    async with api.client() as one, api.client("token-of-two") as two:
        assert (await one.post("/v1/analyses", json=source)).status_code == 202
        refused(await two.post("/v1/analyses", json=source), 403)


async def test_too_large_an_upload_is_refused_before_a_byte_of_it(one: httpx.AsyncClient) -> None:
    kind = {"contentType": "audio/mp4"}
    allowed = await one.post("/v1/uploads", json={**kind, "sizeBytes": 512 * 1024**2})
    assert allowed.status_code == 201
    assert allowed.json()["source"]["uri"].startswith("s3://media/uploads/one/")
    assert "at most 536,870,912 bytes" in refused(
        await one.post("/v1/uploads", json={**kind, "sizeBytes": 512 * 1024**2 + 1}), 413
    )
    refused(await one.post("/v1/uploads", json={"contentType": "text/html", "sizeBytes": 5}), 422)
    refused(await one.post("/v1/uploads", json={**kind, "sizeBytes": 0}), 422)


async def test_a_report_that_is_not_there_yet_is_said(one: httpx.AsyncClient) -> None:
    where = (await one.post("/v1/analyses", json=body())).headers["Location"]
    assert "not finished" in refused(await one.get(f"{where}/report"), 404)


@pytest.mark.parametrize("given", [None, "", "Basic eDp5", "Bearer", "Bearer wrong", "Bearer " + "a" * 9000])
async def test_without_a_good_token_nothing_is_answered(api: Api, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    async with api.client(None) as client:
        for method, path in (("GET", "/v1/analyses"), ("POST", "/v1/analyses"), ("GET", "/v1/nothing")):
            answer = await client.request(method, path, headers=headers, content=b"{")
            refused(answer, 401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_body_that_is_larger_than_any_request_is_refused(one: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    assert "16,384" in refused(await one.post("/v1/analyses", content=endless()), 413)


async def test_one_tenants_haste_does_not_slow_another_down() -> None:
    api = make_api({"rate_per_second": 0.5, "rate_burst": 3})
    async with api.client() as one, api.client("token-of-two") as two:
        assert [(await one.get("/v1/analyses")).status_code for _ in range(3)] == [200] * 3
        slow = await one.get("/v1/analyses")
        assert "Try again" in refused(slow, 429)
        assert slow.headers["Retry-After"] == "2"
        assert (await two.get("/v1/analyses")).status_code == 200


async def test_a_tenant_that_floods_is_told_to_wait_and_another_is_not() -> None:
    api = make_api({"max_unfinished": 3})
    async with api.client() as one, api.client("token-of-two") as two:
        made = [(await one.post("/v1/analyses", json=body())).json()["id"] for _ in range(3)]
        full = await one.post("/v1/analyses", json=body())
        assert "3 of your analyses" in refused(full, 429)
        assert int(full.headers["Retry-After"]) > 0
        assert (await two.post("/v1/analyses", json=body("two"))).status_code == 202
        await api.status("one", made[0].rpartition(".")[0], conditions=finished())
        assert (await one.post("/v1/analyses", json=body())).status_code == 202


@pytest.mark.parametrize("path", ["/", "/v1/analyses", "/v1/unknown", "/app/unknown", "/livez", "/openapi.json"])
async def test_every_answer_says_how_it_may_be_used(one: httpx.AsyncClient, path: str) -> None:
    headers = (await one.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


async def test_the_openapi_document_is_valid_and_speaks_of_problems(one: httpx.AsyncClient) -> None:
    document = (await one.get("/openapi.json")).json()
    validate(document)
    assert sorted(document["paths"]) == ["/v1/analyses", "/v1/analyses/{id}", "/v1/analyses/{id}/report", "/v1/uploads"]
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["security"] == [{"HTTPBearer": []}]
            assert list(operation["responses"]["422"]["content"]) == [PROBLEM]
