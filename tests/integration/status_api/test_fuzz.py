"""Requests that schemathesis makes up from the API's own document, against the real application."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from status_api.wire import MOST_BYTES
from tests.support.web.status_api import FIRST, make_api

pytestmark = pytest.mark.integration

_GENEROUS = {
    "rate_per_second": 1e6,
    "rate_burst": 1_000_000,
    "max_upload_bytes": MOST_BYTES,
}
schema: Any = schemathesis.openapi.from_asgi("/openapi.json", make_api(_GENEROUS, {"sources": {"one": ("s3://",)}}).app)


@schema.parametrize()  # type: ignore[untyped-decorator]
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_the_document_says(case: Case[Any]) -> None:
    # A cursor is opaque: no document can say which ones this API gave.
    left_out: list[Any] = [positive_data_acceptance] if "cursor" in (case.query or {}) else []
    case.call_and_validate(headers={"Authorization": f"Bearer {FIRST}"}, excluded_checks=left_out)
