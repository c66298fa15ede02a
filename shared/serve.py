"""Runs a service's ASGI application as every service runs it."""

import sys
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from shared.config import Settings, SettingsError, load_settings
from shared.observability import configure_logging
from shared.whole_http import WholeHttp

GRACE_SECONDS = 20  # a stop waits that long for requests under way


def serve(service: str, port: Callable[[Settings], int], make_app: Callable[[Settings], ASGIApp]) -> None:
    """Serve until SIGTERM or Ctrl-C. A bad setting stops the start and names the variable."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(f"kip {service}: {error}")
    configure_logging(service, settings.log_format, settings.log_level)
    uvicorn.run(
        make_app(settings),
        host=settings.bind,
        port=port(settings),
        loop="uvloop",
        http=WholeHttp,
        lifespan="on",
        access_log=False,
        proxy_headers=False,  # nothing asks for the client's address
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
