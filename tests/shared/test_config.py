"""Settings are understood or refused."""

import pytest

from shared.runtime.config import Settings, SettingsError, load_settings

NUMBERS = sorted(name for name, field in Settings.model_fields.items() if field.annotation is float)
URLS = {"amqp_url": "amqp://unused", "database_url": "postgresql://unused/none"}


@pytest.mark.parametrize("value", ["inf", "nan", "-1e400"])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_time_or_a_share_that_is_no_number_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"KIP_{name.upper()}"):
        load_settings({**URLS, name: value})


def test_a_patience_that_would_never_end_is_refused() -> None:
    with pytest.raises(SettingsError, match="KIP_AUDIT_PATIENCE"):
        load_settings({**URLS, "audit_patience": "86400"})
