"""What else a service needs: time-zone data and the mail server."""

import ssl
from collections.abc import Iterator
from importlib.metadata import version
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import available_timezones

import aiosmtplib

from cli.doctor.finding import Finding, bad, good

PORTS = {"smtp": 25, "smtps": 465}
STARTTLS = {"require": True, "never": False}


def check_time_zones() -> Iterator[Finding]:
    """Check that time-zone data are there: deadlines are days of a place."""
    known = len(available_timezones())
    if not known:
        yield bad("time_zones", "no data", "install the package tzdata (it is in uv.lock)")
    else:
        yield good("time_zones", f"{known} zones, tzdata {version('tzdata')}")


async def check_mail(url: str) -> Finding:
    """Connect, greet, log in where the URL has a user; send nothing."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        return bad("mail", f"KIP_SMTP_URL has the scheme {parts.scheme!r}", "give smtp://… or smtps://…")
    starttls = STARTTLS.get(parse_qs(parts.query).get("starttls", ["auto"])[0])
    place = f"{parts.hostname}:{parts.port or PORTS[parts.scheme]}"
    client = aiosmtplib.SMTP(
        hostname=parts.hostname, port=parts.port or PORTS[parts.scheme], use_tls=parts.scheme == "smtps",
        start_tls=starttls, timeout=10,
    )  # fmt: skip
    try:
        async with client:
            if parts.username:
                await client.login(unquote(parts.username), unquote(parts.password or ""))
            await client.noop()
    except aiosmtplib.SMTPAuthenticationError as error:
        return bad("mail", f"{place} refuses the user or password ({error.code})", "mend KIP_SMTP_URL")
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError) as error:
        reason = f"{type(error).__name__}: {error}"
        return bad("mail", f"{place} does not answer ({reason})", "start it, or mend KIP_SMTP_URL")
    return good("mail", f"{place} answers")
