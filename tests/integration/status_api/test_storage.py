"""Links to a real S3 server, used as a browser uses them: nothing but the link and what it says."""

from __future__ import annotations

import base64
import hashlib

import httpx
import pytest

from status_api.settings import Settings
from status_api.storage import S3Links
from status_api.wire import NewUpload
from tests.support.aws.s3 import S3Process

pytestmark = pytest.mark.integration

BODY = b"RIFF" + b"\0" * 996


@pytest.fixture
def links(s3: S3Process, monkeypatch: pytest.MonkeyPatch) -> S3Links:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    return S3Links(Settings(results_uri="s3://results/reports"))


async def test_an_upload_takes_what_was_said_and_nothing_else(s3: S3Process, links: S3Links) -> None:
    allowed = await links.upload("one", NewUpload(content_type="audio/mp4", size_bytes=len(BODY)))
    assert allowed.url.startswith(links.origin + "/")
    key = allowed.source.uri.removeprefix("s3://media/")
    assert key.startswith("uploads/one/")
    async with httpx.AsyncClient() as browser:
        for body, kind in ((BODY + b"!", "audio/mp4"), (BODY[:-1], "audio/mp4"), (BODY, "text/html")):
            refused = await browser.put(allowed.url, content=body, headers={"Content-Type": kind})
            assert refused.status_code == 403, refused.text
        other = allowed.url.replace("uploads/one/", "uploads/two/")
        assert (await browser.put(other, content=BODY, headers=allowed.headers)).status_code == 403
        assert (await browser.get(allowed.url)).status_code == 403
        assert s3.client().list_objects_v2(Bucket="media").get("KeyCount") == 0
        answer = await browser.put(allowed.url, content=BODY, headers=allowed.headers)
    assert answer.status_code == 200, answer.text
    stored = s3.client().get_object(Bucket="media", Key=key)
    assert (stored["Body"].read(), stored["ContentType"]) == (BODY, "audio/mp4")


async def test_an_upload_whose_sha256_is_stated_takes_no_other_bytes(s3: S3Process, links: S3Links) -> None:
    sha256 = hashlib.sha256(BODY).hexdigest()
    allowed = await links.upload("one", NewUpload(content_type="audio/mp4", size_bytes=len(BODY), sha256=sha256))
    assert allowed.source.sha256 == sha256
    key = allowed.source.uri.removeprefix("s3://media/")
    other = BODY[:-1] + b"!"
    theirs = {name: value for name, value in allowed.headers.items() if name == "Content-Type"} | {
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(other).digest()).decode()
    }
    async with httpx.AsyncClient() as browser:
        for headers in (allowed.headers, theirs, {"Content-Type": "audio/mp4"}):
            refused = await browser.put(allowed.url, content=other, headers=headers)
            assert refused.status_code in {400, 403}, refused.text
        assert s3.client().list_objects_v2(Bucket="media", Prefix=key).get("KeyCount") == 0
        answer = await browser.put(allowed.url, content=BODY, headers=allowed.headers)
    assert answer.status_code == 200, answer.text
    stated = s3.client().head_object(Bucket="media", Key=key, ChecksumMode="ENABLED")
    assert base64.b64decode(stated["ChecksumSHA256"]).hex() == sha256


async def test_a_report_is_read_by_its_link_and_only_the_tenants_own(s3: S3Process, links: S3Links) -> None:
    s3.put("results", "reports/one/call/uid/report.html", b"<html>")
    link = await links.report("one", "s3://results/reports/one/call/uid/report.html")
    assert link is not None
    async with httpx.AsyncClient() as browser:
        shown = await browser.get(link.url)
        assert (shown.content, shown.headers["Content-Type"]) == (b"<html>", "text/html; charset=utf-8")
        assert (await browser.get(link.url.replace("/one/", "/two/"))).status_code == 403
    for uri in ("s3://results/reports/two/call/uid/report.html", "s3://results/secret", "s3://other/reports/one/x"):
        assert await links.report("one", uri) is None
