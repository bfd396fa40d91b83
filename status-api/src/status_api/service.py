"""The service as it runs in a cluster: adapters chosen by the settings, opened and closed with the application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from guardian_service import tracing
from status_api.adapters.cluster import ClusterApi, ClusterRequests
from status_api.adapters.watched import WatchedAnalyses
from status_api.app import create_app
from status_api.oidc import OidcTokens
from status_api.settings import Settings
from status_api.storage import S3Links


class Incomplete(Exception):
    """A setting is missing without which every request would be refused."""


def make_service(settings: Settings) -> FastAPI:
    """Return the application for these settings.

    Raises:
        Incomplete: it would refuse every request.
    """
    required = {
        "OIDC_ISSUER": settings.oidc_issuer,
        "OIDC_AUDIENCE": settings.oidc_audience,
        "TENANTS": settings.tenants,
    }
    if missing := [f"GUARDIAN_{name}" for name, value in required.items() if not value]:
        raise Incomplete(f"Set {', '.join(missing)}: without them every request would be refused.")
    tokens, cluster = OidcTokens(settings), ClusterApi(settings)
    sign_in = tokens.provider if settings.oidc_client_id else None
    address, traces = settings.database, tracing.from_environment("silver-guardian-status-api")
    if address is None:
        watched = WatchedAnalyses(cluster, sorted(set(settings.tenants.values())))

        @asynccontextmanager
        async def watching() -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(tokens.close)
                await stack.enter_async_context(cluster)
                await stack.enter_async_context(watched.running())
                yield

        return create_app(
            settings,
            watched,
            S3Links(settings),
            tokens,
            sign_in=sign_in,
            ready=watched.ready,
            lifespan=watching,
            traces=traces,
        )
    from analysis_records.reader import Reader
    from status_api.adapters.records import RecordedAnalyses

    reader = Reader(address, settings.database_connections)
    recorded = RecordedAnalyses(reader, ClusterRequests(cluster))

    @asynccontextmanager
    async def reading() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(tokens.close)
            stack.push_async_callback(reader.close)
            await stack.enter_async_context(cluster)
            yield

    return create_app(
        settings,
        recorded,
        S3Links(settings),
        tokens,
        sign_in=sign_in,
        ready=recorded.ready,
        lifespan=reading,
        traces=traces,
    )
