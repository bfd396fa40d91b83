"""Go on with what a pod has begun for an earlier operator: its pod is waited for, and it needs no free slot there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from analysis_operator.requests.attempt import Attempt
from analysis_operator.requests.pool import WorkerPool

_RESUME_SECONDS = 5.0
"""How long after it was asked to go on an analysis waits for the pod that had it."""


class Resumption:
    """Keeps analyses out of their pool's queue while their pods are waited for.

    Args:
        start: starts what can start now in a pool, by its name.
        replace: has the pod of an attempt stop the work that it has of the same name, and sends the job again.
    """

    def __init__(self, start: Callable[[str], None], replace: Callable[[Attempt], None]) -> None:
        self._start = start
        self._replace = replace

    def wait_for(self, name: str, pool: WorkerPool, uid: str, pod: str) -> None:
        """Let an analysis wait for the pod that may still have it; one that does not come back frees it."""
        pool.resumed[uid] = pod
        asyncio.get_running_loop().call_later(_RESUME_SECONDS, self._give_up, name, pool, uid)

    def take_up(self, attempt: Attempt, jobs: Sequence[str]) -> bool:
        """Go on with the jobs that the pod of an attempt still has. Return whether there is any of them.

        The status need not name that pod: the earlier operator may have ended before it could write it.
        """
        pool, pod, own = attempt.pool, attempt.pod.endpoint.pod, attempt.analysis.key
        uids = [uid for uid in (job.rpartition(".")[0] for job in jobs) if uid == own or uid in pool.queue]
        for uid in uids[: pool.concurrency]:  # whatever a pod says, it gets no more than it has slots
            if uid == own:
                self._replace(attempt)  # it is not the same job any more
            else:
                pool.queue.discard(uid)
                self.wait_for(attempt.analyzer, pool, uid, pod)
        return bool(uids)

    def _give_up(self, name: str, pool: WorkerPool, uid: str) -> None:
        pool.give_up(uid)
        self._start(name)
