"""Send a job to an analyzer over HTTP and follow its stream."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from hmac import compare_digest
from http import HTTPStatus

import aiohttp
import structlog

from analysis_operator.errors import Busy, DispatchError, Draining, Lost, Unreachable
from analysis_operator.reading import read_event
from analysis_operator.requests.ports import Endpoint
from analyzer_contract import (
    HEARTBEAT_SECONDS,
    KEEP_HEADER,
    MEDIA_TYPE_STREAM,
    AnalysisJob,
    Cancellation,
    Failure,
    FailureKind,
    FailureReason,
    Outcome,
    Progress,
)
from guardian_service import tracing
from guardian_service.connections import notice_lost_peer
from guardian_service.signatures import AUTHORIZATION, PROOF, SecretFile, Signature, sign
from guardian_service.trace_context import HEADER

log = structlog.get_logger(__name__)

KEEP_SECONDS = 30.0
"""The next operator leads within a few seconds of the end of the one before, or 15 s after it died."""
_CONNECT_SECONDS = 3.0
_SILENCE_SECONDS = 5 * HEARTBEAT_SECONDS
"""A stream without a line for this long, five missed heartbeats, counts as broken."""
_LINE_LIMIT = 256 * 1024
_REFUSAL_LIMIT = 500
_BUSY_SECONDS = (0.05, 10.0)


class HttpRunner:
    """The Runner port, over one shared session."""

    def __init__(self, session: aiohttp.ClientSession, secrets: SecretFile | None, keep_seconds: float) -> None:
        self._session = session
        self._secrets = secrets
        self._keep_seconds = keep_seconds

    @classmethod
    def create(cls, secrets: SecretFile | None = None, *, keep_seconds: float = 0) -> HttpRunner:
        """Open a session; close it with :meth:`close`. Call it inside the event loop.

        Args:
            secrets: what jobs are signed with, and what a pod has to prove that it has, too; None: no pod is asked.
            keep_seconds: how long a pod goes on without a client, until the next operator asks for it.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)
        # Short: a new pod may get the address of a deleted one.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4, socket_factory=_socket)
        session = aiohttp.ClientSession(timeout=timeout, connector=connector, read_bufsize=_LINE_LIMIT)
        return cls(session, secrets, keep_seconds)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def run(self, endpoint: Endpoint, job: AnalysisJob) -> AsyncGenerator[Progress | Outcome]:
        """Yield the stream of one analysis. Raises what the Runner port names."""
        body = job.model_dump_json(by_alias=True, exclude_none=True).encode()
        signature = self._signed(endpoint, body)
        answer = await self._post(endpoint, body, signature)
        async with answer:
            if signature and not compare_digest(answer.headers.get(PROOF, ""), signature.proof):
                raise Unreachable(
                    f"{endpoint.pod} did not prove that it is of this installation (HTTP {answer.status})"
                )
            if answer.status != HTTPStatus.OK:
                yield await _refusal(endpoint, answer)
                return
            async for event in _lines(endpoint, answer):
                yield event

    async def cancel(self, endpoint: Endpoint, job: AnalysisJob) -> None:
        """Stop the work that was left. Best effort: it never raises, and the work ends by itself within a minute."""
        if not self._keep_seconds:
            return  # it ended with its connection
        body = Cancellation(id=job.id).model_dump_json().encode()
        try:
            signature = self._signed(endpoint, body)
            async with asyncio.timeout(_CONNECT_SECONDS):
                (await self._post(endpoint, body, signature, "cancellations")).close()
        except (DispatchError, TimeoutError) as error:
            log.info("work not cancelled", pod=endpoint.pod, job=job.id, error=str(error))

    def _signed(self, endpoint: Endpoint, body: bytes) -> Signature | None:
        if self._secrets is None:
            return None
        known = self._secrets.read()
        if not known:
            raise Unreachable(f"the job for {endpoint.pod} cannot be signed: {self._secrets.path} has no secret")
        return sign(known[0], body, time.time())

    async def _post(
        self, endpoint: Endpoint, body: bytes, signature: Signature | None, what: str = "analyses"
    ) -> aiohttp.ClientResponse:
        headers = {
            "Accept": MEDIA_TYPE_STREAM,
            "Content-Type": "application/json",
            KEEP_HEADER: str(self._keep_seconds),
        }
        if signature:
            headers[AUTHORIZATION] = signature.header
        if (span := tracing.current.get()) is not None:
            headers[HEADER] = span.context.traceparent
        try:
            return await self._session.post(
                f"http://{endpoint.address}/v1/{what}",
                data=body,
                headers=headers,
                allow_redirects=False,  # a pod must not choose what the operator calls
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"{endpoint.pod} at {endpoint.address}: {error}") from error
        except aiohttp.ServerDisconnectedError as error:
            # The pod closed an idle connection at the same moment: no work was started.
            raise Unreachable(f"{endpoint.pod} closed the connection: {error!r}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Lost(f"Pod {endpoint.pod} did not answer: {error!r}.") from error


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    notice_lost_peer(made)
    return made


async def _refusal(endpoint: Endpoint, answer: aiohttp.ClientResponse) -> Failure:
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        least, most = _BUSY_SECONDS
        try:
            seconds = float(answer.headers.get("Retry-After", "1"))
        except ValueError:
            seconds = 1.0
        raise Busy(min(most, max(least, seconds)), await _unattended(answer))
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise Draining(f"{endpoint.pod} takes no new work")
    text = ""
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        text = (await answer.content.read(_REFUSAL_LIMIT)).decode(errors="replace")  # the body may be endless
    message = f"Pod {endpoint.pod} refused the work with HTTP {answer.status}: {text}"
    return Failure(kind=FailureKind.INTERNAL, reason=FailureReason.INTERNAL_ERROR, message=message)


async def _unattended(answer: aiohttp.ClientResponse) -> list[str]:
    """Return the jobs that keep a pod's slots without a client. An older pod names none."""
    try:
        names = json.loads(await answer.content.read(_LINE_LIMIT))["unattended"]
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError, LookupError, TypeError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


async def _lines(endpoint: Endpoint, answer: aiohttp.ClientResponse) -> AsyncGenerator[Progress | Outcome]:
    while True:
        try:
            line = await answer.content.readline()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Lost(f"The stream from pod {endpoint.pod} broke: {error!r}.") from error
        except ValueError as error:
            raise Lost(f"Pod {endpoint.pod} sent a line that is too long.") from error
        if not line.endswith(b"\n"):
            raise Lost(f"The stream from pod {endpoint.pod} ended before its result.")
        try:
            event = read_event(line)
        except ValueError as error:
            message = f"Pod {endpoint.pod} broke the contract: {error}"
            yield Failure(kind=FailureKind.INTERNAL, reason=FailureReason.INTERNAL_ERROR, message=message[:1000])
            return
        if event is None:
            continue
        yield event
        if not isinstance(event, Progress):
            return
