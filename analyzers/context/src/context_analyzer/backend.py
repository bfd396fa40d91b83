"""One analysis from start to end: find the recording, get its transcript, judge it, upload.

It runs in the service's own process, which holds the credentials: no media is decoded here. What comes from outside,
the transcript and the model's answer, is JSON that is checked against a schema. Where a model of the installation's own
listens, a confined child decodes and a process without credentials hears (:mod:`context_analyzer.speech`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from analyzer_contract import AnalysisJob, Result, SourceFacts, TranscriptObject, Unchanged, Verdict
from analyzer_kit.analysis import Assessment
from analyzer_kit.content import checked
from analyzer_kit.detector import InstalledDetectors
from analyzer_kit.errors import AnalysisError
from analyzer_kit.fingerprint import Fingerprint, unchanged
from analyzer_kit.publishing import Publisher
from analyzer_kit.s3 import ObjectStore
from analyzer_kit.stages import Attended, Emit, Stages, out_of_time
from context_analyzer import ANALYZER
from context_analyzer.assessing import assess
from context_analyzer.detector import ContextDetector, ContextSetup
from context_analyzer.detectors import DETECTORS
from context_analyzer.reading import ContextReading, Transcription
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.settings import ContextSettings
from context_analyzer.speech.hearing import Hearing
from context_analyzer.speech.transcriber import LocalTranscriber
from context_analyzer.spoken import spoken_turns
from context_analyzer.transcribers import choose_transcriber
from context_analyzer.transcript import MOST_BYTES, PAUSE_SECONDS, read_transcript

SUPPLIED_SUFFIX = ".transcript.json"
"""Of the key at which a transcript may lie beside a recording, in the format of Amazon Transcribe."""

_SUPPLIED_SECONDS = 10.0

_DECIDE = {
    "context_transcriber",
    "context_speech_model",
    "context_language",
    "context_languages",
    "context_speakers",
    "context_keep_transcript",
    "context_model",
    "context_model_url",
}
"""The settings of this analyzer that its results depend on."""

type _Detectors = InstalledDetectors[ContextDetector, ContextSetup]


class ContextBackend:
    """The :class:`analyzer_kit.backend.Backend` of this analyzer: asynchronous, without children.

    Args:
        settings: slots, limits, and which services there are.
    """

    def __init__(self, settings: ContextSettings) -> None:
        self._settings = settings
        self._store = ObjectStore(
            connect_seconds=settings.s3_connect_seconds,
            read_seconds=settings.s3_read_seconds,
            retry_seconds=settings.s3_retry_seconds,
            max_bytes=settings.max_source_bytes,
        )
        # An abandoned call may linger in its thread until its time-out: leave room for the next ones.
        self._threads = ThreadPoolExecutor(2 * settings.concurrency + 2, thread_name_prefix="aws")
        # One at a time: it is work for the CPU, and the event loop answers meanwhile.
        self._computing = ThreadPoolExecutor(1, thread_name_prefix="rules")
        self._publisher = Publisher(ANALYZER.name, self._store, self._threads)
        self._transcriber = choose_transcriber(settings, self._store, self._threads)
        self._installed: _Detectors = InstalledDetectors(DETECTORS, ContextSetup(settings, self._threads))
        self._fingerprint = Fingerprint(
            ANALYZER, settings, self._threads, "context_analyzer", settings.model_dump(mode="json", include=_DECIDE)
        )
        self._started = False

    @property
    def ready(self) -> bool:
        """Whether an analysis could start now: where a model listens, once it is loaded."""
        return self._started and (self._hearing is None or self._hearing.ready)

    @property
    def alive(self) -> bool:
        """False when the children that decode do not come up any more."""
        return self._hearing is None or self._hearing.alive

    @property
    def problem(self) -> str:
        """Why the model that listens does not get ready; other wrong settings keep the process from starting."""
        return self._hearing.problem if self._hearing else ""

    @property
    def worker_starts(self) -> int:
        """How many processes were started to decode and to listen."""
        return self._hearing.starts if self._hearing else 0

    @property
    def _hearing(self) -> Hearing | None:
        return self._transcriber.hearing if isinstance(self._transcriber, LocalTranscriber) else None

    async def start(self) -> None:
        """Make the S3 client, while requests are accepted already, and start what listens."""
        asyncio.get_running_loop().run_in_executor(self._threads, self._store.client)
        self._fingerprint.start()
        if self._transcriber is not None:
            await self._transcriber.start()
        self._started = True

    async def stop(self) -> None:
        """Stop what listens, and the threads without waiting for them."""
        self._started = False
        if self._transcriber is not None:
            await self._transcriber.stop()
        for threads in (self._threads, self._computing):
            threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, job: AnalysisJob, emit: Emit, attended: Attended) -> Result | Unchanged:
        """Run one job within its deadline; cancelling it leaves a running transcription to the next request for it.

        Raises:
            AnalysisError: there is no verdict, and why.
        """
        clock = Stages(job, emit)
        try:
            async with asyncio.timeout(job.deadline_seconds):
                clock.enter("find", 0.0)
                facts = await self._find(job, clock)
                # What lies beside the recording can change without it.
                fingerprint = await self._fingerprint.value() if self._transcriber is not None else None
                if same := unchanged(job, facts, fingerprint):
                    return same
                assessment, plot, whole = await self._analyze(job, facts, clock)
                await attended()
                return await self._publisher.publish(
                    job, facts, assessment, plot, clock, fingerprint=fingerprint if whole else None
                )
        except TimeoutError:
            raise out_of_time(job, clock.stage) from None
        finally:
            clock.end()

    async def _analyze(self, job: AnalysisJob, facts: SourceFacts, clock: Stages) -> tuple[Assessment, bytes, bool]:
        """Return what is said, its plot, and whether nothing was left out that another time could bring."""
        clock.enter("transcribe", 0.1)
        transcription = await self._transcribe(job, facts, clock)
        clock.enter("judge", 0.6)
        answers = {}
        if transcript := transcription.speech:
            for detector in self._installed.all:
                answers[detector.name] = await detector.ask(transcript, clock.remaining())
        keep = self._settings.context_keep_transcript
        assessment, plot = await self._compute(lambda: conclude(self._installed, transcription, answers, keep=keep))
        whole = not transcription.limits and not any(isinstance(answer, NotDone) for answer in answers.values())
        return assessment, plot, whole

    async def _compute[T](self, what: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._computing, what)

    async def _find(self, job: AnalysisJob, clock: Stages) -> SourceFacts:
        """Return the facts of the recording, whose content is what the job states, if it states any."""
        loop, source = asyncio.get_running_loop(), job.source
        cancelled = threading.Event()
        try:
            facts = await loop.run_in_executor(self._threads, self._store.head, source, clock.remaining(), cancelled)
            if source.sha256 and facts.sha256 is None:  # S3 does not state it: read it through
                found = await loop.run_in_executor(
                    self._threads, self._store.sha256, source.uri, facts, clock.remaining(), cancelled
                )
                facts = checked(source, facts, found)
        finally:
            cancelled.set()
        clock.set_source(facts)
        return facts

    async def _transcribe(self, job: AnalysisJob, facts: SourceFacts, clock: Stages) -> Transcription:
        """Return the transcript: of the transcriber where there is one, else the one beside the recording."""
        limits: tuple[NotDone, ...] = ()
        pause, where = PAUSE_SECONDS, None
        try:
            if self._transcriber is not None:
                pause = self._transcriber.pause_seconds
                content = await self._transcriber.transcribe(
                    job.source, facts, lambda: clock.child_stage("transcribe", 0), clock.remaining()
                )
                if kept := self._transcriber.kept(job.source, facts):
                    where = TranscriptObject(uri=kept)
            else:
                content, where = await self._supplied(job)
                limits = (NotDone(Reason.TRANSCRIPT_SUPPLIED),)
            transcript = await self._compute(lambda: read_transcript(content, pause_seconds=pause))
        except NotDone as limit:
            return Transcription(None, (limit, *limits), where)
        return Transcription.of(transcript, limits, where)

    async def _supplied(self, job: AnalysisJob) -> tuple[bytes, TranscriptObject]:
        """Return what was sent along, and which object that was: it may be replaced later."""
        uri = f"{job.source.uri}{SUPPLIED_SUFFIX}"
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._store.read, uri, MOST_BYTES, _SUPPLIED_SECONDS
            )
        except AnalysisError as error:
            raise NotDone(Reason.TRANSCRIPT_INVALID, error.message) from error
        if found is None:
            raise NotDone(Reason.TRANSCRIBER_MISSING)
        content, facts = found
        return content, TranscriptObject(uri=uri, etag=facts.etag, version_id=facts.version_id)


def conclude(
    installed: _Detectors, transcription: Transcription, answers: Mapping[str, object], *, keep: bool = True
) -> tuple[Assessment, bytes]:
    """Return what the analyzer says, and its plot.

    Args:
        installed: the detectors.
        transcription: the transcript, or why there is none.
        answers: what the detectors asked for, by their names.
        keep: whether what is said goes into the result.
    """
    from context_analyzer.plot import draw_turns  # Pillow is not needed to get ready

    pairs, reading = [], None
    if transcript := transcription.speech:
        reading = ContextReading(transcript, transcription.limits, answers)
        pairs = [(detector, detector.detect(reading)) for detector in installed.all]
    assessment = assess(transcription, pairs, installed.gaps)
    assessment = assessment.model_copy(update={"transcript_source": transcription.source})
    if reading is not None and keep:
        turns = spoken_turns(reading, evident=assessment.verdict is Verdict.SUSPICIOUS)
        assessment = assessment.model_copy(update={"transcript": turns})
    shown = [finding for detector, report in pairs for finding in detector.shown(report)]
    title = f"Words: {assessment.verdict}, score {assessment.score}"
    return assessment, draw_turns(transcription.transcript, shown, title)
