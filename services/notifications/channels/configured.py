"""Which channels this installation has: e-mail, what apprise reaches, and what the settings have secrets for."""

from time import monotonic

from services.notifications.channels import Channel, esms, zns
from services.notifications.channels.anything import AppriseChannel
from services.notifications.channels.email import EmailChannel
from services.notifications.channels.esms import EsmsChannel
from services.notifications.channels.outward import Outward
from services.notifications.channels.pace import Pace
from services.notifications.channels.watched import WatchedChannel
from services.notifications.channels.webhook import WebhookChannel
from services.notifications.channels.zns import ZnsChannel
from shared.clock import SystemClock
from shared.config import Settings
from shared.destinations import Destinations


def make_channels(settings: Settings) -> dict[str, Channel]:
    """The channels by the kind of address that they deliver to."""

    def new_pace() -> Pace:
        return Pace(settings.channel_rate, monotonic)

    destinations, machine = Destinations.of(settings), SystemClock()
    channels: list[Channel] = [
        EmailChannel(settings.smtp_url.get_secret_value(), settings.mail_from),
        AppriseChannel(destinations, new_pace=new_pace),
    ]
    if settings.zns_token is not None:
        token = settings.zns_token.get_secret_value()
        url = settings.zns_url or zns.URL
        channels.append(ZnsChannel(token, settings.zns_template, url=url, now=machine.now, new_pace=new_pace))
    if settings.esms_key is not None and settings.esms_secret is not None:
        key, secret = settings.esms_key.get_secret_value(), settings.esms_secret.get_secret_value()
        url = settings.esms_url or esms.URL
        channels.append(EsmsChannel(key, secret, settings.esms_brand, url=url, now=machine.now, new_pace=new_pace))
    if settings.webhook_secret is not None:
        secret = settings.webhook_secret.get_secret_value()
        channels.append(WebhookChannel(secret, machine, Outward(destinations), new_pace=new_pace))
    return {channel.kind: WatchedChannel(channel, monotonic) for channel in channels}
