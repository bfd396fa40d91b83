"""The routes under /v1."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPBearer

from guardian_service import tracing
from guardian_service.trace_context import read
from guardian_service.tracing import Tracing
from status_api import cursors
from status_api.errors import BadCursor, NotAccepted, QuotaSpent
from status_api.naming import ID_LIMIT, key_of, name_for
from status_api.ports import Analyses, Entry, Position, Storage
from status_api.problems import ProblemError, described
from status_api.settings import Settings
from status_api.wire import Analysis, AnalysisList, NewAnalysis, NewUpload, PageQuery, ReportLink, State, Upload

_POLL_SECONDS = "1"
_FULL_SECONDS = "15"
_JSON = "application/json"
_ALWAYS = described(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_UNKNOWN = "There is no analysis with this id. Use an id that this API returned."
_NO_REPORT = "There is no report: the analysis has not finished, or this installation writes no reports."

_bearer = HTTPBearer(auto_error=False, description="An OIDC token of this installation's issuer.")


def _header(description: str) -> dict[str, object]:
    return {"description": description, "schema": {"type": "string"}}


_LATER = {"Retry-After": _header("When to look whether it is gone.")}


def _tenant(request: Request) -> str:
    return str(request.state.tenant)  # set by the gate; without it this raises, and nothing is shown


Tenant = Annotated[str, Depends(_tenant)]
Id = Annotated[str, Path(max_length=ID_LIMIT, description="As Location and `id` say.")]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of an earlier answer: 304 if nothing changed.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[!-~]{1,255}$",
        description="Your own name for this request: repeated with the same key and body it gives the same analysis.",
    ),
]


TraceParent = Annotated[
    str | None, Header(description="W3C Trace Context: the span that the analysis is to be a part of.")
]


def make_router(settings: Settings, analyses: Analyses, storage: Storage, traces: Tracing = tracing.OFF) -> APIRouter:
    """Return the routes over these adapters."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(_bearer)], responses=_ALWAYS)
    _add_analyses(router, settings, analyses, traces)
    _add_links(router, settings, analyses, storage)
    return router


def _add_analyses(router: APIRouter, settings: Settings, analyses: Analyses, traces: Tracing) -> None:
    @router.post(
        "/analyses",
        status_code=HTTPStatus.ACCEPTED,
        response_model=Analysis,
        summary="Ask for an analysis",
        responses={
            202: {"headers": {"Location": _header("Where it is."), "Retry-After": _header("When to look.")}},
            **described(HTTPStatus.CONFLICT),
        },
    )
    async def create(
        tenant: Tenant, body: NewAnalysis, idempotency_key: IdempotencyKey = None, traceparent: TraceParent = None
    ) -> Response:
        span = traces.start("POST /v1/analyses", read(traceparent), kind="server")
        with tracing.active(span):
            entry = await _created(settings, analyses, tenant, name_for(tenant, idempotency_key), body)
        if span is not None:
            span.end({"guardian.analysis": entry.analysis.id})
        analysis = entry.analysis
        headers = {"Location": f"/v1/analyses/{analysis.id}", "Retry-After": _POLL_SECONDS, **_headers(entry)}
        return Response(entry.body, HTTPStatus.ACCEPTED, headers, media_type=_JSON)

    @router.get("/analyses", response_model=AnalysisList, summary="List analyses, newest first")
    async def page(response: Response, tenant: Tenant, query: Annotated[PageQuery, Query()]) -> AnalysisList:
        entries = await analyses.page(tenant, _position(query.cursor), query.limit + 1)
        shown = entries[: query.limit]
        response.headers["Cache-Control"] = "private, no-cache"
        following = cursors.write(shown[-1].position) if len(entries) > query.limit else None
        return AnalysisList(items=[entry.analysis for entry in shown], next=following)

    @router.get(
        "/analyses/{id}",
        response_model=Analysis,
        summary="Read one analysis",
        responses={
            200: {"headers": {"ETag": _header("Strong: of exactly these bytes.")}},
            304: {"description": "Nothing changed since the answer with that ETag."},
            **described(HTTPStatus.NOT_FOUND),
        },
    )
    async def get(tenant: Tenant, id: Id, if_none_match: IfNoneMatch = None) -> Response:  # noqa: A002 - on the wire
        entry = await _entry(analyses, tenant, id)
        headers = _headers(entry)
        if entry.analysis.state is not State.FINISHED:
            headers["Retry-After"] = _POLL_SECONDS
        if if_none_match is not None and matches(if_none_match, entry.etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(entry.body, headers=headers, media_type=_JSON)

    @router.delete(
        "/analyses/{id}",
        status_code=HTTPStatus.ACCEPTED,
        response_class=Response,
        summary="Erase one analysis, with its recording",
        responses={
            202: {"description": "It will be erased; from then on it is not found.", "headers": _LATER},
            **described(HTTPStatus.NOT_FOUND),
        },
    )
    async def erase(tenant: Tenant, id: Id) -> Response:  # noqa: A002 - on the wire
        entry = await _entry(analyses, tenant, id)
        uri = entry.analysis.source.uri
        try:
            await analyses.erase(tenant, entry, uri if settings.is_upload(tenant, uri) else None)
        except QuotaSpent as error:
            raise _too_many("Too many of your analyses are being erased: wait a moment.") from error
        return Response(status_code=HTTPStatus.ACCEPTED, headers={"Retry-After": _POLL_SECONDS})


def _add_links(router: APIRouter, settings: Settings, analyses: Analyses, storage: Storage) -> None:
    @router.post(
        "/uploads",
        status_code=HTTPStatus.CREATED,
        response_model=Upload,
        summary="Allow one upload",
    )
    async def upload(response: Response, tenant: Tenant, body: NewUpload) -> Upload:
        if body.size_bytes > settings.max_upload_bytes:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"sizeBytes: a recording has at most {settings.max_upload_bytes:,} bytes here.",
            )
        response.headers["Cache-Control"] = "no-store"
        return await storage.upload(tenant, body)

    @router.get(
        "/analyses/{id}/report",
        response_model=ReportLink,
        summary="Get a link to the report",
        responses=described(HTTPStatus.NOT_FOUND),
    )
    async def report(response: Response, tenant: Tenant, id: Id) -> ReportLink:  # noqa: A002 - on the wire
        entry = await _entry(analyses, tenant, id)
        link = await storage.report(tenant, entry.report_uri) if entry.report_uri else None
        if link is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, _NO_REPORT)
        response.headers["Cache-Control"] = "no-store"
        return link


async def _created(settings: Settings, analyses: Analyses, tenant: str, name: str, body: NewAnalysis) -> Entry:
    """Return the analysis that a body asks for. Raises ProblemError."""
    if not settings.may_read(tenant, body.source.uri):
        raise ProblemError(
            HTTPStatus.FORBIDDEN, f"source.uri: name one of your uploads, under {settings.uploads_of(tenant)}"
        )
    if await analyses.unfinished(tenant) >= settings.max_unfinished:
        raise _too_many(f"{settings.max_unfinished} of your analyses wait or run: wait until some have finished.")
    new = body.model_copy(update={"analyzers": body.analyzers or list(settings.analyzers)})
    if len(set(new.analyzers or ())) < len(new.analyzers or ()):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "analyzers: name each analyzer once")
    try:
        entry = await analyses.create(tenant, name, new)
    except QuotaSpent as error:
        detail = "Your namespace keeps as many analyses as it may: wait until old ones are deleted."
        raise _too_many(detail) from error
    except NotAccepted as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
    analysis = entry.analysis
    if (analysis.source, sorted(analysis.analyzers)) != (new.source, sorted(new.analyzers or ())):
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "Idempotency-Key: this key was used for another body. Repeat that body, or take a new key.",
        )
    return entry


def _too_many(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": _FULL_SECONDS})


def matches(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match names an ETag, by the weak comparison of RFC 9110, 13.1.2."""
    etags = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in etags or etag in etags


async def _entry(analyses: Analyses, tenant: str, id_: str) -> Entry:
    key = key_of(id_)
    entry = await analyses.get(tenant, key) if key else None
    if entry is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, _UNKNOWN)
    return entry


def _position(cursor: str | None) -> Position | None:
    try:
        return None if cursor is None else cursors.read(cursor)
    except BadCursor as error:
        detail = "cursor: take it from `next` of the page before, as it is."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from error


def _headers(entry: Entry) -> dict[str, str]:
    return {"ETag": entry.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
