"""Work that an analyzer does: it outlives the client that asked for it for as long as was wanted, and no longer."""

from __future__ import annotations

import asyncio

import pytest

from analyzer_contract import AnalysisJob, Failure, FailureReason, Outcome, Progress, Result, SourceObject
from analyzer_kit.errors import AnalysisError
from analyzer_kit.jobs import Jobs
from analyzer_kit.metrics import Metrics
from analyzer_kit.stages import Attended, Emit
from analyzer_kit.work import Client, Work
from tests.support.analyzers.backend import JOB, RESULT, Chatty
from tests.support.waiting import until


@pytest.mark.asyncio
async def test_progress_that_nobody_reads_is_not_job() -> None:
    jobs = Jobs(Chatty(lines=100_000), 1, Metrics("test", 1))
    work = jobs.start(AnalysisJob(id="one", source=SourceObject(uri="s3://media/key")))
    events = [event async for event in work.events(work.attach())]
    assert events[-1] == RESULT
    assert len(events) < 100


def _job(**changes: str) -> AnalysisJob:
    return AnalysisJob.model_validate(JOB | changes)


async def _outcome(work: Work) -> Progress | Outcome:
    client = work.attach()
    *_, last = [event async for event in work.events(client)]
    await work.detach(client)
    return last


@pytest.mark.asyncio
async def test_work_that_lost_its_client_goes_on_without_uploading_and_its_next_client_gets_the_result() -> None:
    backend = Chatty()
    backend.may_end.clear()
    jobs = Jobs(backend, 1, Metrics("test", 1))
    work = jobs.start(_job(), 30)
    await work.detach(work.attach())
    backend.may_end.set()
    await until(lambda: backend.computed)
    assert (backend.uploads, jobs.busy, jobs.unattended) == (0, 1, ["one"])
    again = jobs.known(_job())
    assert again is work
    assert await _outcome(work) == RESULT
    assert (backend.uploads, backend.runs, jobs.busy) == (1, ["one"], 0)
    assert await _outcome(work) == RESULT  # the client may have died before it wrote it down


@pytest.mark.asyncio
async def test_work_that_nobody_comes_back_to_stops() -> None:
    backend = Chatty()
    backend.may_end.clear()
    jobs = Jobs(backend, 1, Metrics("test", 1))
    work = jobs.start(_job(), 0.05)
    await work.detach(work.attach())
    await until(lambda: jobs.busy == 0)
    assert (jobs.known(_job()), backend.uploads) == (None, 0)


@pytest.mark.asyncio
async def test_work_of_which_nothing_is_to_be_kept_stops_with_its_client() -> None:
    backend = Chatty()
    backend.may_end.clear()
    jobs = Jobs(backend, 1, Metrics("test", 1))
    work = jobs.start(_job())
    await work.detach(work.attach())
    assert (jobs.busy, jobs.known(_job())) == (0, None)


@pytest.mark.asyncio
async def test_a_new_client_takes_the_place_of_the_one_before() -> None:
    backend = Chatty()
    backend.may_end.clear()
    jobs = Jobs(backend, 1, Metrics("test", 1))
    work = jobs.start(_job(), 30)
    before = work.attach()
    stale = asyncio.create_task(_all(work, before))
    await until(lambda: backend.runs)
    latest = work.attach()
    backend.may_end.set()
    assert (await _all(work, latest))[-1] == RESULT
    assert RESULT not in await stale
    await work.detach(before)
    assert jobs.known(_job()) is work


async def _all(work: Work, client: Client) -> list[Progress | Outcome]:
    return [event async for event in work.events(client)]


@pytest.mark.asyncio
@pytest.mark.parametrize("changes", [{"id": "two"}, {"resultPrefix": "s3://results/other/"}])
async def test_another_job_is_other_work(changes: dict[str, str]) -> None:
    backend = Chatty()
    backend.may_end.clear()
    jobs = Jobs(backend, 1, Metrics("test", 1))
    work = jobs.start(_job(), 30)
    assert jobs.known(_job(**changes)) is None
    work.stop()


@pytest.mark.asyncio
async def test_a_failure_that_was_told_is_not_told_to_the_next_attempt() -> None:
    class Failing(Chatty):
        async def run(self, job: AnalysisJob, _emit: Emit, _attended: Attended) -> Result:
            self.runs.append(job.id)
            raise AnalysisError(FailureReason.INTERNAL_ERROR, "once")

    jobs = Jobs(Failing(), 1, Metrics("test", 1))
    assert isinstance(await _outcome(jobs.start(_job(), 30)), Failure)
    assert jobs.known(_job()) is None
