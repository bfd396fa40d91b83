"""Write the results of batches to S3."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from analysis_operator.report.store import ObjectStore, StoreError

_THREADS = 2
_CONTENT_TYPE = "application/x-ndjson"


class S3Results:
    """The Results port over S3.

    Args:
        may_write: asked before each write: another operator may lead by now.
        store: writes objects.
    """

    def __init__(self, may_write: Callable[[], bool], store: ObjectStore | None = None) -> None:
        self._may_write = may_write
        self._store = store or ObjectStore()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="batch-results")

    async def write(self, uri: str, lines: bytes) -> None:
        """Write one part, over an earlier one of the same name. Raises StoreError."""
        if not self._may_write():
            raise StoreError(f"{uri} is not written: another operator may lead by now")
        await asyncio.get_running_loop().run_in_executor(self._threads, self._store.put, uri, lines, _CONTENT_TYPE)
