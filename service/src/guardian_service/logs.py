"""Logs: one JSON object a line on standard output. They name jobs and reasons, never media content or credentials."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

import structlog

from guardian_service import tracing

_LEVELS = dict.fromkeys(("botocore", "urllib3", "uvicorn.access"), logging.WARNING)
"""At DEBUG botocore shows whole calls, with credentials."""


def configure(level: str, levels: Mapping[str, int] = _LEVELS) -> None:
    """Send the records of structlog and of the standard library's loggers through one JSON renderer.

    Args:
        level: name of the lowest level that is shown.
        levels: lowest levels of single loggers, by name: those that write too much, or secrets.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        tracing.log_fields,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, lowest in levels.items():
        logging.getLogger(name).setLevel(lowest)
