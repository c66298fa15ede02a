"""Make this installation's channels: e-mail, what apprise reaches, and what the settings have secrets for."""

from time import monotonic

from services.notifications.messages.channels import Channel, esms, zns
from services.notifications.messages.channels.apprise_channel import AppriseChannel
from services.notifications.messages.channels.email import EmailChannel
from services.notifications.messages.channels.esms import EsmsChannel
from services.notifications.messages.channels.outward import Outward
from services.notifications.messages.channels.pace import Pace
from services.notifications.messages.channels.watched import WatchedChannel
from services.notifications.messages.channels.webhook import WebhookChannel
from services.notifications.messages.channels.zns import ZnsChannel
from shared.registry.destinations import Destinations
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings


def make_channels(settings: Settings) -> dict[str, Channel]:
    """Make the channels, by the kind of address that they deliver to."""

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
