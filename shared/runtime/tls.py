"""TLS to the broker and to the database: by their URLs, and always with the certificate checked, chain and host.

`amqps://` and, for PostgreSQL, an authority's file switch it on. What would encrypt without checking whom it speaks to
is refused.
"""

import ssl
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from shared.runtime.faults import told

UNCHECKED = ("require", "verify-ca")


def database_url(url: str, ca_file: Path | None, variable: str) -> str:
    """Add sslmode and sslrootcert to the URL, as libpq and asyncpg read them. Raises ValueError for half a check."""
    query = _query(url)
    mode = query.get("sslmode")
    if mode in UNCHECKED or (ca_file is not None and mode not in {None, "verify-full"}):
        raise ValueError(f"{variable} has sslmode={mode}, which doesn't check whose server it is: use verify-full")
    if ca_file is not None:
        return _with(
            url, {**query, "sslmode": "verify-full", "sslrootcert": _readable(ca_file, "KIP_DATABASE_CA_FILE")}
        )
    if mode == "verify-full" and "sslrootcert" not in query:
        raise ValueError(f"{variable} has sslmode=verify-full: name the authority's file in KIP_DATABASE_CA_FILE")
    return url


def amqp_url(url: str, ca_file: Path | None, variable: str) -> str:
    """Add cafile to the URL, as aiormq reads it. Raises ValueError for one that isn't checked or isn't TLS."""
    query = _query(url)
    if "no_verify_ssl" in query:
        raise ValueError(f"{variable} has no_verify_ssl: the certificate is always checked; set KIP_AMQP_CA_FILE")
    if ca_file is None:
        return url
    if urlsplit(url).scheme != "amqps":
        raise ValueError(f"KIP_AMQP_CA_FILE is set, but {variable} isn't encrypted: write amqps://")
    return _with(url, {**query, "cafile": _readable(ca_file, "KIP_AMQP_CA_FILE")})


def context(amqp_url: str) -> ssl.SSLContext:
    """Make the TLS context for a server beside the broker: RabbitMQ's management API has the broker's certificate."""
    return ssl.create_default_context(cafile=_query(amqp_url).get("cafile"))


def certificate_fault(error: BaseException, server: str) -> str | None:
    """Say what to mend where `error`, or what caused it, is about the certificate of `server` (DATABASE or AMQP)."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"KIP_{server}_URL: the server's certificate is refused ({cause.verify_message}): mend the host in the "
                f"URL, or KIP_{server}_CA_FILE"
            )
        seen.add(id(cause))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return None


def reason(error: BaseException, server: str) -> str:
    """Describe an error of a connection in a line, for logs: what to mend where it is known, else its kind and text."""
    return certificate_fault(error, server) or told(error)


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _with(url: str, query: dict[str, str]) -> str:
    return urlunsplit(urlsplit(url)._replace(query=urlencode(query, safe="/:", quote_via=quote)))


def _readable(path: Path, variable: str) -> str:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # what isn't a certificate is one too
        raise ValueError(f"{variable}: {path} holds no certificate that could be read ({error})") from error
    return str(path)
