"""Zalo's channel, as notifications wrote it down: how the tokens stand, the template, the day's quota."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

import asyncpg

from cli.doctor.finding import Finding, bad, good, unsure
from services.notifications.messages.channels import zalo_store
from services.notifications.messages.channels.zalo_store import ZaloCheck, ZaloStanding
from shared.database.connections import Hosts
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings

SHORT = timedelta(hours=2)  # of the access token's life that is left: a refresh comes five hours ahead
SOON = timedelta(days=14)  # of the refresh token's: only a long standstill brings it so far
OLD_CHECK = timedelta(hours=6)
LEAST_LEFT = 0.1  # of the day's messages
TOKEN_CURE = "kip zalo token (docs/operate/alerts/KipZaloToken.md)"  # noqa: S105
TEMPLATE_CURE = "docs/operate/alerts/KipZaloTemplate.md"
QUOTA_CURE = "docs/operate/alerts/KipZaloQuota.md"


async def check_zalo(settings: Settings) -> AsyncIterator[Finding]:
    """Check what the database holds of Zalo, without a token in the words. Nothing where it can't be asked, or where
    Zalo isn't used.
    """
    try:
        connection = await Hosts(settings.database_url.get_secret_value()).connect(
            server_settings={"application_name": "kip-doctor"}
        )
        try:
            standing = await zalo_store.standing(connection)
            check = await zalo_store.read_check(connection)
        finally:
            await connection.close(timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError):
        return
    now = SystemClock().now()
    for finding in (*tokens(settings, standing, now), *template(check, now)):
        yield finding


def tokens(settings: Settings, standing: ZaloStanding | None, now: datetime) -> Iterator[Finding]:
    """Judge the tokens; nothing where neither the settings nor the database have any."""
    lacking = missing_settings(settings)
    refreshed = not lacking
    if settings.zns_token is not None and not refreshed:
        cure = "set KIP_ZNS_APP_ID and KIP_ZNS_SECRET, and give a refresh token (docs/notifications.md, Zalo)"
        yield unsure("zalo.token", "KIP_ZNS_TOKEN dies 25 hours after it was made, and nobody refreshes it", cure)
    elif standing is not None:
        yield _standing(standing, lacking, now)
    elif refreshed:
        yield bad("zalo.token", "nobody has given a refresh token yet, or notifications has not started", TOKEN_CURE)


def missing_settings(settings: Settings) -> str | None:
    """Say which settings are missing that refreshing a token needs; None where none is."""
    both = {"KIP_ZNS_APP_ID": settings.zns_app_id, "KIP_ZNS_SECRET": settings.zns_secret}
    missing = [name for name, given in both.items() if not given]
    return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set" if missing else None


def _standing(standing: ZaloStanding, lacking: str | None, now: datetime) -> Finding:
    if standing.lost:
        return bad("zalo.token", f"Zalo takes the refresh token no more: {standing.fault}", TOKEN_CURE)
    left = (standing.access_until or now) - now
    fault = f"; the last refresh failed: {standing.fault}" if standing.fault else ""
    if left < SHORT:
        ended = "has ended" if left <= timedelta() else f"ends in {_rounded(left)}"
        cure = "is notifications up, and does it reach oauth.zaloapp.com? docs/operate/alerts/KipZaloToken.md"
        if lacking:  # perhaps only here: the settings that count are those of notifications
            cure = f"{lacking} here: does notifications have them? Then: {cure}"
        return bad("zalo.token", f"the access token {ended} and was not refreshed{fault}", cure)
    seen = (
        f"the access token is good for {_rounded(left)}, the refresh token for {(standing.refresh_until - now).days} "
        f"days; a person gave the first {(now - standing.granted_at).days} days ago{fault}"
    )
    if standing.refresh_until - now < SOON:
        return unsure("zalo.token", seen, TOKEN_CURE)
    return good("zalo.token", seen)


def template(check: ZaloCheck, now: datetime) -> Iterator[Finding]:
    """Judge the template and the day's quota; nothing where Zalo was never asked."""
    if check.checked_at is None:
        return
    seen = f"{check.template}: {check.fault or f'enabled, quality {check.quality}'}"
    if check.fault is not None:
        yield bad("zalo.template", seen, TEMPLATE_CURE)
    elif now - check.checked_at > OLD_CHECK:
        yield unsure("zalo.template", f"{seen}, {_rounded(now - check.checked_at)} ago", "is notifications up?")
    else:
        yield good("zalo.template", seen)
    if check.quota_daily is not None and check.quota_remaining is not None:
        left = f"{check.quota_remaining:,} of {check.quota_daily:,} messages a day are left"
        few = check.quota_remaining < LEAST_LEFT * check.quota_daily
        yield unsure("zalo.quota", left, QUOTA_CURE) if few else good("zalo.quota", left)


def _rounded(span: timedelta) -> timedelta:
    return timedelta(minutes=int(span.total_seconds() // 60))
