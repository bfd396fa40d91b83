"""The service as it runs in a cluster: adapters by the settings, and their life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from status_api.adapters.cluster import ClusterApi, ClusterRequests
from status_api.adapters.watched import WatchedAnalyses
from status_api.app import create_app
from status_api.oidc import OidcTokens
from status_api.settings import Settings
from status_api.storage import S3Links


class Incomplete(Exception):
    """A setting is missing without which nobody could be let in."""


def make_service(settings: Settings) -> FastAPI:
    """Give the application for these settings.

    Raises:
        Incomplete: it could let nobody in.
    """
    wanted = {"OIDC_ISSUER": settings.oidc_issuer, "OIDC_AUDIENCE": settings.oidc_audience, "TENANTS": settings.tenants}
    if missing := [f"GUARDIAN_{name}" for name, value in wanted.items() if not value]:
        raise Incomplete(f"Set {', '.join(missing)}: without them nobody could be let in.")
    tokens, cluster = OidcTokens(settings), ClusterApi(settings)
    sign_in = tokens.provider if settings.oidc_client_id else None
    if settings.database_url is None:
        watched = WatchedAnalyses(cluster, sorted(set(settings.tenants.values())))

        @asynccontextmanager
        async def watching() -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(tokens.close)
                await stack.enter_async_context(cluster)
                await stack.enter_async_context(watched.running())
                yield

        return create_app(
            settings, watched, S3Links(settings), tokens, sign_in=sign_in, ready=watched.ready, life=watching
        )
    from analysis_records.reader import Reader
    from status_api.adapters.records import RecordedAnalyses

    reader = Reader(settings.database_url.get_secret_value(), settings.database_connections)
    recorded = RecordedAnalyses(reader, ClusterRequests(cluster))

    @asynccontextmanager
    async def reading() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(tokens.close)
            stack.push_async_callback(reader.close)
            await stack.enter_async_context(cluster)
            yield

    return create_app(
        settings, recorded, S3Links(settings), tokens, sign_in=sign_in, ready=recorded.ready, life=reading
    )
