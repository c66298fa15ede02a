"""Mask addresses, where they are shown and in what a provider says of them: they are nobody's business."""

import re

_DIGITS_OF_A_NUMBER = 9  # after country code or trunk prefix, however the provider writes it


def masked(address: str) -> str:
    """Mask an address so that its owner recognises it and nobody else can use it: `a•••@b.vn`, `•••678`, `https://•••`."""
    scheme, is_url, _ = address.partition("://")
    if is_url:
        return f"{scheme}://•••"
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}" if at else f"•••{address[-3:]}" if len(address) > 6 else "•••"


def without(address: str, text: str, name: str = "") -> str:
    """Mask the address in a text, and the name of whom it belongs to: servers like to repeat them in their refusals.

    A name of one word is left: it is part of any text.
    """
    wanted = re.escape(address)
    if address.isdigit():
        wanted = r"(?:\+?\d{1,3}[ .-]*)?" + "[ .-]*".join(address[-_DIGITS_OF_A_NUMBER:])
    hidden = re.sub(wanted, masked(address), text, flags=re.IGNORECASE)
    words = name.split()
    return re.sub(r"\s+".join(map(re.escape, words)), "•••", hidden, flags=re.IGNORECASE) if len(words) > 1 else hidden
