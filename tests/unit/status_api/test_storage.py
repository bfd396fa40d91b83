"""Where links lead: the page's policy has to admit exactly that."""

from __future__ import annotations

import pytest

from status_api.settings import Settings
from status_api.storage import S3Links
from status_api.wire import NewUpload


@pytest.mark.parametrize("region", ["us-east-1", "ap-northeast-2", "cn-north-1"])
@pytest.mark.parametrize("uploads", ["s3://media/uploads", "s3://media.of.families"])
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9000"])
async def test_the_page_may_send_to_where_the_links_lead(
    monkeypatch: pytest.MonkeyPatch, region: str, uploads: str, endpoint: str
) -> None:
    given = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": region, "ENDPOINT_URL_S3": endpoint}
    for name, value in given.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    links = S3Links(Settings(uploads_uri=uploads))
    upload = await links.upload("one", NewUpload(content_type="audio/mp4", size_bytes=5))
    assert upload.url.startswith(f"{links.origin}/")
    assert upload.source.uri.startswith(f"{uploads}/one/")
