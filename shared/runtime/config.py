"""Settings: environment variables with the prefix KIP_ and nothing else. A secret may also come as KIP_..._FILE."""

import os
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.runtime import tls
from shared.values.scalars import in_bounds

PREFIX = "KIP_"


class SettingsError(Exception):
    """A setting is missing or bad. Its text names the variable, what was expected and what came."""


class MissingSettingError(SettingsError):
    """Among what is wrong is a setting that was not given at all."""


class _FileSecrets(PydanticBaseSettingsSource):
    """Reads KIP_X from the file named by KIP_X_FILE, for secrets that a container gets as files."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise SettingsError(f"{PREFIX}{field_name.upper()}_FILE: cannot read {path}: {error.strerror}") from error

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def _made(what: str, whose: str, server: str) -> Any:
    """Declare a login that the migration job makes."""
    text = f"For kip migrate: {PREFIX}{server}_URL of {whose}; {what} in it is made, with the least rights"
    return Field(default=None, description=text)


class Settings(BaseSettings):
    """Every setting of every service. Durations are seconds, sizes bytes."""

    model_config = SettingsConfigDict(allow_inf_nan=False, env_prefix=PREFIX, extra="ignore", env_ignore_empty=True)

    amqp_url: SecretStr = Field(description="RabbitMQ, as amqp://user:password@host:port/vhost")
    database_url: SecretStr = Field(description="PostgreSQL 18 or later, as postgresql://user:password@host:port/name")
    amqp_ca_file: Path | None = Field(
        default=None, description="Whose certificate RabbitMQ has to show (PEM), with amqps://; absent: the public ones"
    )
    database_ca_file: Path | None = Field(
        default=None, description="Whose certificate PostgreSQL has to show (PEM); TLS is then demanded"
    )
    amqp_management_url: SecretStr | None = Field(
        default=None,
        description="RabbitMQ's management API, for kip migrate and kip doctor; "
        "else tried at its usual port beside KIP_AMQP_URL",
    )
    intake_database_url: SecretStr | None = _made("the role", "intake", "DATABASE")
    aggregation_database_url: SecretStr | None = _made("the role", "aggregation", "DATABASE")
    notifications_database_url: SecretStr | None = _made("the role", "notifications", "DATABASE")
    board_database_url: SecretStr | None = _made("the role", "the board", "DATABASE")
    operator_database_url: SecretStr | None = _made("the role", "whoever runs kip", "DATABASE")
    intake_amqp_url: SecretStr | None = _made("the user", "intake", "AMQP")
    aggregation_amqp_url: SecretStr | None = _made("the user", "aggregation", "AMQP")
    notifications_amqp_url: SecretStr | None = _made("the user", "notifications", "AMQP")
    operator_amqp_url: SecretStr | None = _made("the user", "whoever runs kip", "AMQP")
    intake_url: str = Field(
        default="",
        description="Where notifications and the board reach intake; absent: KIP_INTAKE_PORT of this machine",
    )
    aggregation_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s{}?#]+)?$",
        description="Where senders, for `status_url` of intake's answers, and the board reach aggregation; absent: "
        "senders have no such address, the board asks KIP_AGGREGATION_PORT of this machine",
    )
    notifications_url: str = Field(
        default="",
        description="Where the board reaches notifications; absent: KIP_NOTIFICATIONS_PORT of this machine",
    )
    board_url: str = Field(
        default="", description="Where `kip doctor` reaches the board; absent: KIP_BOARD_PORT of this machine"
    )
    partitions: int = Field(default=4, ge=1, le=64, description="Aggregation queues; fixed at the first load")
    bind: str = Field(default="127.0.0.1", description="Address that the services listen on")
    intake_port: int = Field(default=8080, ge=1, le=65535, description="Port of the intake service")
    aggregation_port: int = Field(default=8081, ge=1, le=65535, description="Port of the aggregation service")
    notifications_port: int = Field(default=8082, ge=1, le=65535, description="Port of the notifications service")
    board_port: int = Field(default=8083, ge=1, le=65535, description="Port of the board")
    board_key: SecretStr | None = Field(
        default=None, description="The board's key to the other services, which `kip board key` lets in"
    )
    board_code: Literal["new_device", "always", "never"] = Field(
        default="new_device",
        description="When the board asks for a code, sent to the officer: for a new device, at each visit, or never",
    )
    board_proxies: str = Field(
        default="",
        description="Networks of the proxies before the board, as 10.1.2.0/24: their X-Forwarded-For says who asks",
    )
    connections: int = Field(
        default=500, ge=10, le=100_000, description="Most connections of clients that a service holds at once"
    )
    smtp_url: SecretStr = Field(
        default=SecretStr("smtp://127.0.0.1:25"), description="Mail server, as smtp[s]://user:password@host:port"
    )
    mail_from: str = Field(
        default="kip@localhost", description="Sender of e-mail: an address, or `Sở Y tế <kip@example.vn>`"
    )
    mail_reply_to: str = Field(default="", description="Where answers to e-mail go; absent: to the sender")
    mail_bounce: str = Field(
        default="",
        pattern=r"^$|^([A-Za-z0-9._+-]{1,13}@)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
        description="Where mail comes back to, as bounce@kip.example.vn (bounce+…@ then) or a domain that is all ours",
    )
    public_url: str = Field(
        default="", description="The board's address, in officers' links; absent: KIP_BOARD_PORT here"
    )
    zns_app_id: str = Field(default="", description="Zalo ZBS (before 2026: ZNS): the application's id")
    zns_secret: SecretStr | None = Field(default=None, description="Zalo ZBS: the application's secret key")
    zns_refresh_token: SecretStr | None = Field(
        default=None, description="Zalo ZBS: the first refresh token, used once; later ones are kept in the database"
    )
    zns_token: SecretStr | None = Field(
        default=None, description="Zalo ZBS: an access token that nobody refreshes, for 25 hours' use"
    )
    zns_template: str = Field(
        default="", description="Zalo ZBS: the approved template, with name, message and link (a button's parameter)"
    )
    zns_code_template: str = Field(
        default="", description="Zalo ZBS: the approved template for codes, with otp; without it none goes by Zalo"
    )
    zns_url: str = Field(default="", description="Zalo ZBS: another server than https://business.openapi.zalo.me")
    zns_oauth_url: str = Field(default="", description="Zalo ZBS: another server than https://oauth.zaloapp.com")
    esms_key: SecretStr | None = Field(default=None, description="eSMS: ApiKey")
    esms_secret: SecretStr | None = Field(default=None, description="eSMS: SecretKey")
    esms_brand: str = Field(default="", description="eSMS: the registered brand name")
    esms_url: str = Field(default="", description="eSMS: another address than eSMS's")
    webhook_secret: SecretStr | None = Field(default=None, description="Signs webhooks, as whsec_… (base64)")
    webhook_http: bool = Field(default=False, description="Webhooks may be http:// too, unencrypted: for tests")
    webhook_networks: str = Field(
        default="",
        description="Networks that are not public and that webhooks may reach all the same, as 10.1.2.0/24,10.3.0.7",
    )
    apprise_schemes: str = Field(
        default="discord,gchat,line,slack,tgram,viber,whatsapp,zalo",
        description="Services that apprise may send to. One whose address names a host can reach any host",
    )
    channel_rate: float = Field(default=10, gt=0, le=1000, description="Requests a second to each provider but e-mail")
    log_format: Literal["console", "json"] = Field(default="console", description="For people or for machines")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Lowest level logged")
    key_grace: float = Field(default=300, ge=0, description="How long known keys are trusted without the database")
    clock: datetime | None = Field(
        default=None, description="Start of a simulated clock (ISO 8601 with offset); absent: the real one"
    )
    batch_events: int = Field(default=2000, ge=1, le=50_000, description="Most events in one aggregation transaction")
    batch_linger: float = Field(default=0.05, ge=0, le=5, description="Longest wait for a batch to fill")
    batch_timeout: float = Field(
        default=8, ge=1, le=60, description="Longest time of one transaction of events; then its connection is cut"
    )
    publish_linger: float = Field(default=0.002, ge=0, le=1, description="Longest wait of a post for others to share")
    publish_timeout: float = Field(default=1.5, gt=0, le=30, description="Longest wait for the broker's confirm")
    body_timeout: float = Field(default=30, gt=0, description="Longest time for a body, or pause of a stream")
    body_memory: int = Field(default=128 * 1024 * 1024, ge=2**23, description="Most memory of all bodies under way")
    stream_limit: int = Field(default=2**31, ge=1, description="Largest NDJSON stream")
    spool_events: int = Field(default=5_000_000, ge=0, description="Most events that wait in the spool, all replicas")
    replicas: int = Field(default=1, ge=1, le=64, description="Aggregation replicas; each owns some of the partitions")
    replica: int | None = Field(
        default=None,
        ge=0,
        le=63,
        description="This replica's number, from 0; absent: the host name's last one",
    )
    drift_interval: float = Field(
        default=300, ge=0, description="Time between two checks of a province's cells; 0: none"
    )
    audit_patience: float = Field(
        default=120,
        ge=1,
        le=3600,
        description="Time that a message is left after its queue came to it, before it is published again",
    )
    sweep_interval: float = Field(default=30, gt=0, description="Time between two sweeps for due steps")

    @field_validator("clock")
    @classmethod
    def _clock_has_an_offset(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs an offset, like 2023-03-17T08:00:00+07:00")
        if value is not None and not in_bounds(value):
            raise ValueError("expected a time of the years 2000 to 2100")
        return value

    @field_validator("webhook_networks", "board_proxies")
    @classmethod
    def _networks_are_networks(cls, value: str) -> str:
        for text in value.split(","):
            if text.strip():
                ip_network(text.strip())  # raises ValueError that says what is wrong
        return value

    @model_validator(mode="after")
    def _urls_demand_certificates(self) -> Self:
        """Put the authority's file into the URLs, so that every client that takes one checks the certificate."""
        for name in type(self).model_fields:
            if (value := getattr(self, name)) is None:
                continue
            variable = f"{PREFIX}{name.upper()}"
            if name.endswith("database_url"):
                demanding = tls.database_url(value.get_secret_value(), self.database_ca_file, variable)
                setattr(self, name, SecretStr(demanding))
            elif name.endswith("amqp_url"):
                setattr(self, name, SecretStr(tls.amqp_url(value.get_secret_value(), self.amqp_ca_file, variable)))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then files; nothing else."""
        return init_settings, env_settings, _FileSecrets(settings_cls)


def load_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings. Raises SettingsError that names each bad variable."""
    try:
        return Settings(**(dict(overrides) if overrides else {}))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        lines = [
            f"{PREFIX}{str(item['loc'][0]).upper()}: {_reason(item)}" if item["loc"] else item["msg"] for item in faults
        ]
        missing = any(item["type"] == "missing" for item in faults)
        raise (MissingSettingError if missing else SettingsError)("\n".join(lines)) from error


def _reason(item: Any) -> str:
    if item["type"] == "missing":
        return "is not set"
    secret = any(word in str(item["loc"][0]) for word in ("url", "password", "secret", "token"))
    return f"{item['msg']}" + ("" if secret else f", got {item['input']!r}")
