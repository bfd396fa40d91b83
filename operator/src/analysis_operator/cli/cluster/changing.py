"""`retry`, `cancel`, `suspend` and `resume`: change requests; `report` saves what was found."""

from __future__ import annotations

import asyncio
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from analysis_operator.api import GROUP, AnalysisState, ConditionType
from analysis_operator.cli.cluster import storage
from analysis_operator.cli.cluster.errors import NameTaken, Refused
from analysis_operator.cli.cluster.models import request_of
from analysis_operator.cli.cluster.printing import Format, Lines, print_objects
from analysis_operator.cli.output import print_text

if TYPE_CHECKING:
    from analysis_operator.api import AnalysisRequest
    from analysis_operator.cli.cluster.client import Cluster

RETRY_OF = f"{GROUP}/retry-of"
"""The annotation with the name of the first request that was tried again."""

_NOT_TAKEN_OVER = ("cancel", "suspend", "callback")
"""A callback's token is answered once, by the first request."""
_MOST_RETRIES = 1000
_MOST_NAME = 253


async def retry(cluster: Cluster, name: str, output: Format) -> int:
    """Make another request with the same spec, under the next free name."""
    raw = await cluster.request(name)
    request = request_of(raw)
    if not request.status.finished:
        raise Refused(f"{name} has not ended, and goes on by itself: kubectl guardian why {name}")
    first = (raw["metadata"].get("annotations") or {}).get(RETRY_OF) or name
    spec = {key: value for key, value in raw["spec"].items() if key not in _NOT_TAKEN_OVER}
    if all(entry.state is not AnalysisState.FAILED for entry in request.status.analyses):
        spec["refresh"] = True  # else the results that are there would be adopted, and nothing done again
    for number in range(2, _MOST_RETRIES):
        ending = f"-{number}"
        another = f"{first[: _MOST_NAME - len(ending)]}{ending}"
        try:
            created = await cluster.create(another, spec, {RETRY_OF: first})
        except NameTaken:
            continue
        if output is Format.TABLE:
            print_text(Lines(), f"{another} does again what {name} did.")
            if "callback" in raw["spec"]:
                print_text(Lines(), "It answers no state machine: a task token is answered once.")
        else:
            print_objects([created], output, alone=True)
        return 0
    raise Refused(f"{first} was tried again {_MOST_RETRIES} times.")


async def cancel(cluster: Cluster, name: str) -> int:
    """Stop a request for good."""
    request = request_of(await cluster.request(name))
    _check_open(request)
    await cluster.patch(name, {"cancel": True})
    print_text(Lines(), f"{name} is cancelled: what runs for it is stopped. This cannot be undone.")
    return 0


async def suspend(cluster: Cluster, name: str, *, suspended: bool) -> int:
    """Hold a request, or let it go on."""
    request = request_of(await cluster.request(name))
    _check_open(request)
    if request.spec.suspend is suspended:
        state = "suspended already" if suspended else "not suspended"
        print_text(Lines(), f"{name} is {state}.")
        return 0
    await cluster.patch(name, {"suspend": suspended})
    said = "is suspended: what ran is stopped, and begins again with `resume`." if suspended else "goes on."
    print_text(Lines(), f"{name} {said}")
    return 0


async def report(cluster: Cluster, name: str, out: Path | None, *, in_browser: bool) -> int:
    """Save the report of a request, checked against the status, or show it in the browser."""
    status = request_of(await cluster.request(name)).status
    if not status.finished:
        raise Refused(f"{name} has not ended, so there is no report yet: kubectl guardian why {name}")
    if not status.report_uri:
        raise Refused(
            f"{name} has no report: it has no verdict, or the installation keeps no results. "
            f"kubectl guardian why {name}"
        )
    content = await asyncio.to_thread(storage.download, status.report_uri, status.report_sha256)
    if out == Path("-"):
        sys.stdout.buffer.write(content)
        return 0
    path = out or Path(f"{name}.html")
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    vouched = "as it was written" if status.report_sha256 else "the status does not vouch for it"
    print_text(Lines(), f"{path} ({len(content):,} bytes, {vouched})")
    if in_browser:
        webbrowser.open(path.resolve().as_uri())
    return 0


def _check_open(request: AnalysisRequest) -> None:
    if request.status.finished:
        condition = request.status.condition(ConditionType.SUCCEEDED)
        reason = f" ({condition.reason})" if condition else ""
        raise Refused(f"{request.metadata.name} has ended already{reason}.")
