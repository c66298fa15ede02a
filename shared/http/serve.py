"""Runs a service's ASGI application as every service runs it."""

import sys
from collections.abc import Callable, Mapping

import uvicorn
from starlette.types import ASGIApp

from shared.http.connection import http_protocol
from shared.http.connections import Limits
from shared.runtime.config import Settings, SettingsError, load_settings
from shared.runtime.gc_tuning import freeze_imports, keep_large_apart
from shared.runtime.logs import configure_logging

GRACE_SECONDS = 20  # a stop waits that long for requests under way
BODY_MORE_SECONDS = 5.0  # an application that reads a body says itself that it is late; this is for all others


def serve(
    service: str,
    port: Callable[[Settings], int],
    make_app: Callable[[Settings], ASGIApp],
    own: Mapping[str, str | None] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C. A bad setting stops the start and names the variable.

    `own` are settings that the service has of itself, whatever its environment says.
    """
    try:
        settings = load_settings(own)
        app = make_app(settings)
    except SettingsError as error:
        sys.exit(f"kip {service}: {error}")
    configure_logging(service, settings.log_format, settings.log_level)
    keep_large_apart()
    freeze_imports()
    uvicorn.run(
        app,
        host=settings.bind,
        port=port(settings),
        loop="uvloop",
        http=http_protocol(
            Limits(connections=settings.connections, body_seconds=settings.body_timeout + BODY_MORE_SECONDS)
        ),
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,  # nothing asks for the client's address
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
