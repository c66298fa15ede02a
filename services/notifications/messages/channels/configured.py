"""Make this installation's channels: e-mail, what apprise reaches, and what the settings have secrets for."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import NamedTuple

from services.notifications.messages.channels import Channel, Outgoing, esms
from services.notifications.messages.channels.apprise_channel import AppriseChannel
from services.notifications.messages.channels.email import EmailChannel
from services.notifications.messages.channels.esms import EsmsChannel
from services.notifications.messages.channels.http_provider import Provider
from services.notifications.messages.channels.outward import Outward
from services.notifications.messages.channels.pace import Pace
from services.notifications.messages.channels.watched import WatchedChannel
from services.notifications.messages.channels.webhook import WebhookChannel
from services.notifications.messages.channels.zalo_api import ZaloApi
from services.notifications.messages.channels.zalo_keeper import ZaloKeeper
from services.notifications.messages.channels.zalo_token import Credentials, FixedToken, ZaloTokens
from services.notifications.messages.channels.zns import ZnsChannel
from shared.database.connections import Pool
from shared.registry.destinations import Destinations
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings


class Channels(NamedTuple):
    """The channels by the kind of address that they deliver to, and what keeps Zalo's tokens, where it is used."""

    by_kind: dict[str, Channel]
    zalo: ZaloKeeper | None


def make_channels(
    settings: Settings, pool: Callable[[], Pool], return_path: Callable[[Outgoing], str] | None = None
) -> Channels:
    """Make the channels. `pool` gives connections to the database, once it has answered; `return_path` a mail's own."""

    def new_pace() -> Pace:
        return Pace(settings.channel_rate, monotonic)

    destinations, machine = Destinations.of(settings), SystemClock()
    channels: list[Channel] = [
        EmailChannel(
            settings.smtp_url.get_secret_value(),
            settings.mail_from,
            reply_to=settings.mail_reply_to,
            return_path=return_path,
        ),
        AppriseChannel(destinations, new_pace=new_pace),
    ]
    api = ZaloApi(Provider(new_pace, machine.now), settings.zns_url, settings.zns_oauth_url)
    credentials = _zalo_credentials(settings, pool, api, machine.now)
    keeper = None
    if credentials is not None:
        channels.append(ZnsChannel(api, credentials, settings.zns_template, settings.zns_code_template))
        keeper = ZaloKeeper(pool, api, credentials, settings.zns_template, machine.now)
    if settings.esms_key is not None and settings.esms_secret is not None:
        key, secret = settings.esms_key.get_secret_value(), settings.esms_secret.get_secret_value()
        url = settings.esms_url or esms.URL
        channels.append(EsmsChannel(key, secret, settings.esms_brand, url=url, now=machine.now, new_pace=new_pace))
    if settings.webhook_secret is not None:
        secret = settings.webhook_secret.get_secret_value()
        channels.append(WebhookChannel(secret, machine, Outward(destinations), new_pace=new_pace))
    return Channels({channel.kind: WatchedChannel(channel, monotonic) for channel in channels}, keeper)


def _zalo_credentials(
    settings: Settings, pool: Callable[[], Pool], api: ZaloApi, now: Callable[[], datetime]
) -> Credentials | None:
    """Choose where Zalo's access token comes from: tokens that are refreshed, else a fixed one, else None."""
    if settings.zns_app_id and settings.zns_secret:  # neither empty, as `kip doctor` judges
        first = settings.zns_refresh_token.get_secret_value() if settings.zns_refresh_token is not None else None
        return ZaloTokens(pool, api, settings.zns_app_id, settings.zns_secret.get_secret_value(), first, now)
    return FixedToken(settings.zns_token.get_secret_value()) if settings.zns_token is not None else None
