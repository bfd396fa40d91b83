"""Tokens of an OpenID Connect provider: signature, issuer, audience, time, and the claim that names the tenant."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
import structlog

from status_api.errors import NoTenant, Unauthorised, Unavailable
from status_api.page import Provider
from status_api.settings import Settings

log = structlog.get_logger(__name__)

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Asymmetric ones only: the keys that the provider publishes cannot sign."""

_FRESH_SECONDS = 600.0
_PAUSE_SECONDS = 10.0
"""Least time between two fetches, however many unknown keys tokens name, and whether or not the last one succeeded."""
_LEEWAY_SECONDS = 30
_MOST_BYTES = 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_TYPES = {"", "jwt", "at+jwt", "application/at+jwt"}
"""What the header of an access token may call it (RFC 9068)."""
_ID_TOKEN = {"at_hash", "c_hash", "s_hash"}
"""Claims that only an ID token has (OpenID Connect Core, 3.3.2.11)."""
_LOCAL = {"127.0.0.1", "localhost", "::1"}


class OidcTokens:
    """The Authenticator port. Keys and endpoints are found by discovery, kept, and fetched again when they are old.

    Args:
        settings: issuer, audience, and tenants by claim.
        clock: seconds, monotonic.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._fetching = asyncio.Lock()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}

    async def tenant_of(self, token: str) -> str:
        """Return the tenant whose namespace the token's claim stands for."""
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header.get("kid", "")))
            claims = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                issuer=self._settings.oidc_issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthorised("The token has expired: sign in again.") from error
        except jwt.PyJWTError as error:
            raise Unauthorised("The token is not valid here. Sign in again.") from error
        if not _is_access_token(header, claims):
            raise Unauthorised("This is no access token. Sign in again.")
        self._check_audience(claims)
        return self._tenant(claims)

    async def provider(self) -> Provider:
        """Return where the page signs people in."""
        if self._old:
            await self._refresh(needed=not self._metadata)
        try:
            return Provider(
                authorization_endpoint=_secure(self._metadata["authorization_endpoint"]),
                token_endpoint=_secure(self._metadata["token_endpoint"]),
                client_id=self._settings.oidc_client_id,
                scope=self._settings.oidc_scope,
                end_session_endpoint=_secure(end) if (end := self._metadata.get("end_session_endpoint")) else None,
            )
        except KeyError as error:
            raise Unavailable(f"the identity provider names no {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _check_audience(self, claims: dict[str, Any]) -> None:
        """Access tokens of some providers (Amazon Cognito) have no audience, and name their client instead."""
        audience = claims.get("aud", claims.get("client_id"))
        if self._settings.oidc_audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthorised("The token is meant for another service. Sign in to this one.")

    def _tenant(self, claims: dict[str, Any]) -> str:
        claim = claims.get(self._settings.tenant_claim)
        names = [name for name in (claim if isinstance(claim, list) else [claim]) if isinstance(name, str)]
        tenants = {self._settings.tenants[name] for name in names if name in self._settings.tenants}
        if len(tenants) != 1:
            message = "Your account belongs to no tenant of this installation, or to several. Ask its administrator."
            raise NoTenant(message)
        return tenants.pop()

    async def _key(self, kid: str) -> jwt.PyJWK:
        if self._old or kid not in self._keys:
            await self._refresh(needed=not self._keys)
        if kid not in self._keys:
            raise Unauthorised("The token is signed with a key that its issuer does not publish. Sign in again.")
        return self._keys[kid]

    @property
    def _old(self) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at > _FRESH_SECONDS

    async def _refresh(self, *, needed: bool) -> None:
        """Fetch, if the last try is long enough ago; known keys stay valid while the provider does not answer."""
        async with self._fetching:
            now = self._clock()
            if self._tried_at is None or now - self._tried_at > _PAUSE_SECONDS:
                self._tried_at = now
                try:
                    await self._fetch()
                    self._fetched_at = now
                    return
                except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
                    if needed:
                        raise Unavailable(f"the identity provider does not answer: {error!r}") from error
        if needed and not self._keys:
            raise Unavailable("the identity provider did not answer a moment ago")

    async def _fetch(self) -> None:
        issuer = self._settings.oidc_issuer
        metadata = await self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if metadata["issuer"] != issuer:
            raise ValueError(f"{issuer} says that it is {metadata['issuer']}")
        listed = await self._json(metadata["jwks_uri"])
        self._metadata, self._keys = metadata, _usable(listed["keys"])

    async def _json(self, url: str) -> dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True)
        async with self._session.get(_secure(url), raise_for_status=True, allow_redirects=False) as answer:
            data = bytearray()
            async for part in answer.content.iter_any():
                data += part
                if len(data) > _MOST_BYTES:
                    raise ValueError(f"{url} answers with more than {_MOST_BYTES:,} bytes")
        content: dict[str, Any] = json.loads(data)
        return content


def _usable(listed: list[Any]) -> dict[str, jwt.PyJWK]:
    """Return the keys that can be used, by their ids: one that cannot must not keep people out whose keys are good."""
    keys = {}
    for key in listed:
        if not isinstance(key, dict) or key.get("use", "sig") != "sig" or key.get("kty") not in {"RSA", "EC", "OKP"}:
            continue
        try:
            keys[str(key.get("kid", ""))] = jwt.PyJWK.from_dict(key)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            log.warning("a key of the identity provider cannot be used", kid=str(key.get("kid", "")), error=repr(error))
    if not keys:
        raise ValueError("the identity provider publishes no key that can be used")
    return keys


def _is_access_token(header: dict[str, Any], claims: dict[str, Any]) -> bool:
    """Return whether nothing says that this is another kind of token of its issuer: an ID token, a logout token."""
    kinds = (str(claims.get("token_use", "access")), str(claims.get("typ", "Bearer")))  # Amazon Cognito's, Keycloak's
    says_so = str(header.get("typ", "")).lower().endswith("at+jwt") or bool({"token_use", "typ"} & claims.keys())
    return (
        str(header.get("typ", "")).lower() in _TYPES
        and kinds == ("access", "Bearer")
        and not (_ID_TOKEN | {"events"}) & claims.keys()
        and (says_so or "nonce" not in claims)
    )


def _secure(url: str) -> str:
    """Return an address. Raise ValueError if others could read or change the traffic to it."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise ValueError(f"{url}: an identity provider is reached by https")
    return url
