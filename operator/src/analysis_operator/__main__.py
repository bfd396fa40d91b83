"""Run the operator in a cluster: ``python -m analysis_operator``."""

from __future__ import annotations

import asyncio
import logging

import structlog

from analysis_operator.app import run, start_again
from analysis_operator.errors import LeaseLost
from analysis_operator.settings import Settings
from guardian_service import logs
from guardian_service.settings import read_settings

log = structlog.get_logger(__name__)

_LOG_LEVELS = {
    "aiohttp.access": logging.WARNING,
    "alembic": logging.WARNING,
    "botocore": logging.INFO,  # its DEBUG shows whole calls, with credentials and task tokens
    "kopf._core.reactor.running": logging.ERROR,  # its threads say that they take no signals
    "kopf.objects": logging.WARNING,
}


def main() -> None:
    """Read the settings and run."""
    settings = read_settings(Settings, "The operator")
    logs.configure(settings.log_level, _LOG_LEVELS)
    try:
        asyncio.run(run(settings))
    except LeaseLost as error:
        log.error("does not lead any more", error=str(error))
        start_again()


if __name__ == "__main__":
    main()
