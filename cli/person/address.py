"""An address as a person writes it in a request, and who has it. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cli.officers.cells import BY_PHONE, CHANNELS, RowError, phone
from shared.registry.destinations import APPRISE, WEBHOOK
from shared.registry.officers import Officer
from shared.values.names import spaced

_NATIONAL = 9  # digits of a number without its country code or trunk prefix
_ADDRESS_IN_AN_ADDRESS = frozenset({WEBHOOK, APPRISE})  # a URL may have somebody's address or number in it


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address, a phone number (its last digits), or any other channel's address; of these kinds."""

    text: str
    kinds: frozenset[str]
    is_number: bool

    def is_of(self, officer: Officer) -> bool:
        """Tell whether an officer is reached at it."""
        return any(self._is(channel) for channel in officer.channels)

    def _is(self, channel: str) -> bool:
        kind, _, written = channel.casefold().partition(":")
        if kind in _ADDRESS_IN_AN_ADDRESS and self.kinds & {"email", *BY_PHONE}:
            return re.search(_number(self.text) if self.is_number else _address(self.text), written) is not None
        if kind not in self.kinds:
            return False
        return _digits(written).endswith(self.text) if self.is_number else written == self.text


def address_of(text: str) -> Address:
    """Read an address in any spelling that a file of officers may have, with or without its kind.

    Raises ValueError for what is none.
    """
    kind, colon, rest = text.strip().partition(":")
    kinds, written = (frozenset({kind}), rest.strip()) if colon and kind in CHANNELS else (None, text.strip())
    if "@" in written and kinds in {None, frozenset({"email"})}:
        return Address(written.casefold(), frozenset({"email"}), is_number=False)
    if kinds is None or kinds <= BY_PHONE:
        try:
            return Address(phone(written)[-_NATIONAL:], BY_PHONE, is_number=True)
        except RowError:
            kinds = None
    if kinds is None or not written:
        raise ValueError(f"expected an e-mail address, a phone number, or kind:address, got {text!r}")
    return Address(written.casefold(), kinds, is_number=False)


def traces(address: Address, officers: Iterable[Officer]) -> str:
    """Make the regular expression (PostgreSQL's) that finds in a text what names these officers.

    That is the address, their other addresses, and names of two words or more: one word alone is found in any text.
    """
    found = [_number(address.text) if address.is_number else _address(address.text)]
    for officer in officers:
        for channel in officer.channels:
            kind, _, written = channel.partition(":")
            digits = _digits(written)
            by_number = kind in BY_PHONE and len(digits) >= _NATIONAL
            found.append(_number(digits[-_NATIONAL:]) if by_number else _address(written))
        if " " in spaced(officer.name):
            found += [_name(unicodedata.normalize(form, spaced(officer.name))) for form in ("NFC", "NFD")]
    return "|".join(dict.fromkeys(found))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _number(national: str) -> str:
    return r"(?<![0-9])(?:\+?[0-9]{1,4}[ .-]*)?" + "[ .-]*".join(national) + "(?![0-9])"


def _address(text: str) -> str:
    """Find an address that is no part of another: a dot ends a sentence, or goes on with the name of a host."""
    return rf"(?<![\w.+-])(?<!\w'){_plain(text)}(?![\w@-]|\.\w)"


def _plain(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text)


def _name(name: str) -> str:
    words = r"\s+".join(map(_plain, name.split()))
    return f"(?<![[:alnum:]]){words}(?![[:alnum:]])"
