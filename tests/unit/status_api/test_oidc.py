"""Tokens: a real provider on the loopback address, and everything that can be wrong with a token."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jwt
import pytest

from status_api.errors import NoTenant, Unauthorised, Unavailable
from status_api.oidc import OidcTokens
from status_api.settings import Settings
from tests.support.web.oidc import AUDIENCE, Provider


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as made:
        yield made


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def tokens(provider: Provider, clock: Time) -> AsyncIterator[OidcTokens]:
    tenants = {"family-one": "one", "family-two": "two"}
    made = OidcTokens(Settings(oidc_issuer=provider.issuer, oidc_audience=AUDIENCE, tenants=tenants), clock)
    yield made
    await made.close()


async def test_a_good_token_opens_its_tenants_namespace(provider: Provider, tokens: OidcTokens) -> None:
    assert await tokens.tenant_of(provider.token()) == "one"
    assert await tokens.tenant_of(provider.token(tenant=["others", "family-two"])) == "two"
    assert await tokens.tenant_of(provider.token(aud=["x", AUDIENCE])) == "one"
    assert await tokens.tenant_of(provider.token(aud=None, client_id=AUDIENCE)) == "one", "as Amazon Cognito has it"
    assert provider.fetched.count("/keys") == 1, "keys are kept"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"nbf": int(time.time()) + 3600},
        {"iss": "https://somebody.example"},
        {"iss": None},
        {"aud": "another-service"},
        {"aud": None},
        {"aud": "another-service", "client_id": AUDIENCE},
    ],
    ids=",".join,
)
async def test_a_token_that_is_not_for_here_opens_nothing(
    provider: Provider, tokens: OidcTokens, claims: dict[str, Any]
) -> None:
    with pytest.raises(Unauthorised):
        await tokens.tenant_of(provider.token(**claims))


@pytest.mark.parametrize(
    ("typ", "claims"),
    [
        ("logout+jwt", {}),
        ("secevent+jwt", {}),
        ("JWT", {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
        ("JWT", {"token_use": "id"}),
        ("JWT", {"typ": "ID"}),
        ("JWT", {"typ": "Refresh"}),
        ("JWT", {"typ": "Logout"}),
        ("JWT", {"at_hash": "x"}),
        ("JWT", {"nonce": "x"}),
    ],
)
async def test_another_kind_of_token_of_the_same_issuer_opens_nothing(
    provider: Provider, tokens: OidcTokens, typ: str, claims: dict[str, Any]
) -> None:
    with pytest.raises(Unauthorised, match="no access token"):
        await tokens.tenant_of(provider.token(header=typ, **claims))


@pytest.mark.parametrize(
    ("typ", "claims"),
    [("at+jwt", {"nonce": "x"}), ("JWT", {"typ": "Bearer", "nonce": "x"}), ("JWT", {"token_use": "access"})],
)
async def test_an_access_token_may_say_that_it_is_one(
    provider: Provider, tokens: OidcTokens, typ: str, claims: dict[str, Any]
) -> None:
    assert await tokens.tenant_of(provider.token(header=typ, **claims)) == "one"


async def test_a_key_that_cannot_be_used_keeps_nobody_out(provider: Provider, tokens: OidcTokens) -> None:
    provider.more_keys = [
        {"kty": "EC", "crv": "P-7", "kid": "unknown curve", "x": "AA", "y": "AA"},
        {"kty": "RSA", "kid": "no modulus", "e": "AQAB"},
        {"kty": "OKP", "crv": "Ed25519", "x": "%%", "kid": "no base64"},
        {"kty": "RSA", "n": 7, "e": 7, "kid": "numbers"},
        "no object",
    ]
    assert await tokens.tenant_of(provider.token()) == "one"


@pytest.mark.parametrize("tenant", [None, "strangers", ["family-one", "family-two"], [], {"family-one": 1}, 7])
async def test_a_stranger_has_no_tenant(provider: Provider, tokens: OidcTokens, tenant: object) -> None:
    with pytest.raises(NoTenant):
        await tokens.tenant_of(provider.token(tenant=tenant))


async def test_forged_tokens_open_nothing(provider: Provider, tokens: OidcTokens) -> None:
    good = provider.token()
    head, claims, signature = good.split(".")
    other = base64.urlsafe_b64encode(json.dumps({"tenant": "family-two", "iss": provider.issuer}).encode()).decode()
    plain = jwt.encode(jwt.decode(good, options={"verify_signature": False}), "", algorithm="none")
    secret = jwt.encode({"tenant": "family-one"}, "a" * 64, algorithm="HS256", headers={"kid": "first"})
    for forged in (f"{head}.{other}.{signature}", f"{head}.{claims}.", plain, secret, "a.b.c", "nonsense", "é"):
        with pytest.raises(Unauthorised):
            await tokens.tenant_of(forged)


async def test_new_keys_are_found_and_unknown_ones_do_not_make_it_ask_each_time(
    provider: Provider, tokens: OidcTokens, clock: Time
) -> None:
    old = provider.token()
    assert await tokens.tenant_of(old) == "one"
    provider.rotate("second")
    clock.now += 60
    assert await tokens.tenant_of(provider.token()) == "one"
    for _ in range(20):
        with pytest.raises(Unauthorised):
            await tokens.tenant_of(old)
    assert provider.fetched.count("/keys") == 2


async def test_known_keys_stay_good_while_the_provider_is_away(
    provider: Provider, tokens: OidcTokens, clock: Time
) -> None:
    assert await tokens.tenant_of(provider.token()) == "one"
    provider.stop()
    clock.now += 3600
    assert await tokens.tenant_of(provider.token()) == "one"


async def test_where_to_sign_in_is_looked_up_once_in_a_while(
    provider: Provider, tokens: OidcTokens, clock: Time
) -> None:
    for _ in range(5):
        assert (await tokens.provider()).token_endpoint == f"{provider.issuer}/token"
        clock.now += 60
    assert provider.fetched.count("/keys") == 1
    clock.now += 600
    await tokens.provider()
    assert provider.fetched.count("/keys") == 2


async def test_without_keys_a_provider_that_is_away_is_said() -> None:
    tokens = OidcTokens(Settings(oidc_issuer="http://127.0.0.1:9", oidc_audience=AUDIENCE, tenants={"a": "b"}))
    token = jwt.encode({"a": 1}, "a" * 64, algorithm="HS256", headers={"kid": "x"})
    for _ in range(2):
        with pytest.raises(Unavailable):
            await tokens.tenant_of(token)
    await tokens.close()
