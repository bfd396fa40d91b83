"""Send events to sinks over HTTP: no redirect is followed, and a namespace's sink is where it may be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import aiohttp

from analysis_operator.kube.secrets import NoSecret, Secrets
from analysis_operator.notifications.addresses import Network, is_allowed
from analysis_operator.notifications.event import Event, encoded, key_of, signed
from analysis_operator.notifications.ports import Failed, Refused, Reply, Subscription, Taken

_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
_AT_ONCE, _AT_ONCE_TO_HOST = 32, 8
_LONGEST_PAUSE = 3600.0
_REFUSED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}
"""About this one event. What a person can put right at the sink (401, 403, 404, 405) is tried again."""


class _AddressForbidden(OSError):
    """No connection is made to this address for a namespace."""


class HttpSinks:
    """The Sinks port. A namespace never goes on with a connection that was made for somebody who may make more.

    Args:
        source: the attribute `source` of every event.
        secrets: reads signing keys.
        clock: the time in UTC.
        allowed: networks in which sinks of namespaces may be, though they are not public.
    """

    def __init__(
        self, source: str, secrets: Secrets, clock: Callable[[], datetime], allowed: Sequence[Network] = ()
    ) -> None:
        self._source = source
        self._secrets = secrets
        self._clock = clock
        self._allowed = allowed
        self._sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def send(self, subscription: Subscription, event: Event) -> Reply:
        """Send one event."""
        try:
            headers, body = encoded(event, self._source, subscription.mode)
            if subscription.secret is not None:
                key = key_of(await self._secrets.read(*subscription.secret))
                headers |= signed(key, event.id, body, self._clock())
            session = self._session(subscription.trusted, secure=subscription.sink.startswith("https://"))
            async with (
                self._turns,
                session.post(subscription.sink, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                return _reply(answer)
        except NoSecret as error:
            return Failed(error.code, str(error))
        except TimeoutError:
            return Failed("SinkSilent", f"The sink did not answer within {_TIMEOUT.total:g} s.")
        except aiohttp.ClientError as error:
            return _unreached(error)
        except (OSError, ValueError) as error:
            return Failed("NotSent", f"The event could not be sent: {type(error).__name__}.")

    def _session(self, trusted: bool, *, secure: bool) -> aiohttp.ClientSession:
        session = self._sessions.get((trusted, secure))
        if session is None:
            connector = aiohttp.TCPConnector(
                limit=_AT_ONCE,
                limit_per_host=_AT_ONCE_TO_HOST,
                socket_factory=None if trusted else partial(self._checked_socket, secure),
            )
            session = self._sessions[trusted, secure] = aiohttp.ClientSession(
                connector=connector,
                timeout=_TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "silver-guardian"},
                trust_env=False,  # a proxy would connect where this process does not
            )
        return session

    def _checked_socket(self, secure: bool, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket of a connection: the address that is checked here is the one that is connected to."""
        family, kind, protocol, _, address = info
        if not is_allowed(address[0], self._allowed, public=secure):
            what = "no public address" if secure else "reached without https"
            raise _AddressForbidden(f"{address[0]} is {what}, and not in a network that the installation allows")
        return socket.socket(family=family, type=kind, proto=protocol)


def _reply(answer: aiohttp.ClientResponse) -> Reply:
    status = answer.status
    said = f"The sink answered {status}."
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Taken()
    if status == HTTPStatus.GONE:
        return Refused("SinkRetired", "The sink answered 410: it takes no more events.", retired=True)
    if status in _REFUSED:
        return Refused("SinkRefused", said)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Failed("SinkRedirects", f"{said} Redirects are not followed: name the address that it leads to.")
    after = answer.headers.get("Retry-After", "")
    return Failed("SinkFailed", said, min(float(after), _LONGEST_PAUSE) if after.isascii() and after.isdigit() else 0.0)


def _unreached(error: aiohttp.ClientError) -> Reply:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _AddressForbidden):
        return Failed("AddressForbidden", f"{error.os_error}.")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Failed("SinkUntrusted", "The certificate of the sink is not trusted.")
    return Failed("SinkUnreached", f"The sink was not reached: {type(error).__name__}.")
