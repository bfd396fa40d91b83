"""Serves until SIGTERM: ``python -m status_api``."""

from __future__ import annotations

import logging
import sys

import structlog
import uvicorn
from pydantic import ValidationError

from status_api.serving import Incomplete, make_service
from status_api.settings import Settings

_LAST_BYTES_SECONDS = 10
_IDLE_SECONDS = 75  # longer than load balancers keep an idle connection (60 s): else their next POST may be lost


def main() -> None:
    """Serve, or say which setting is wrong."""
    try:
        settings = Settings()
        app = make_service(settings)
    except (ValidationError, Incomplete) as error:
        sys.exit(f"The status API does not start. {error}")
    logging.basicConfig(level=settings.log_level, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
    )
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_LAST_BYTES_SECONDS,
    )


if __name__ == "__main__":
    main()
