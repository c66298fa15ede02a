"""A return path of its own for each message (VERP): whatever comes back to it says by itself which message it is about.

`bounce+TOKEN@kip.example.vn`: the token is the message's id, a mark of the address and a signature, in letters whose
case doesn't matter, since servers change it. A local part has 64 letters at most (RFC 5321, 4.5.3.1.1).
"""

import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

_MARK_BYTES = 5
_SIGNATURE_BYTES = 10
_ID_BYTES = 16
_LETTERS = 50  # of base32, for all of them
_TOKEN = re.compile(rf"(?<![a-z2-7])[a-z2-7]{{{_LETTERS}}}(?![a-z2-7])")


class Returned(NamedTuple):
    """What a return path says: the message, and the mark of the address that it went to."""

    message: UUID
    mark: bytes


class ReturnPaths:
    """Makes and reads return paths. `setting` is KIP_MAIL_BOUNCE: an address, or a domain that is all ours."""

    def __init__(self, setting: str, secret: str) -> None:
        name, _, self._domain = setting.rpartition("@")
        self._prefix = f"{name}-" if "+" in name else f"{name}+" if name else ""
        self._secret = secret.encode()

    def of(self, message: UUID, address: str) -> str:
        """Make the return path of a message to this address."""
        said = message.bytes + mark_of(address)
        token = b32encode(said + self._signature(said)).decode().rstrip("=").lower()
        return f"{self._prefix}{token}@{self._domain}"

    def read(self, texts: Iterable[str]) -> Returned | None:
        """Find the first return path of ours in these texts; None where none has our signature."""
        for text in texts:
            for token in _TOKEN.findall(text.lower()):
                raw = b32decode(token.upper() + "=" * (-_LETTERS % 8))
                said, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
                if hmac.compare_digest(signature, self._signature(said)):
                    return Returned(UUID(bytes=said[:_ID_BYTES]), said[_ID_BYTES:])
        return None

    def _signature(self, said: bytes) -> bytes:
        return hmac.digest(self._secret, b"kip return path " + said, sha256)[:_SIGNATURE_BYTES]


def mark_of(address: str) -> bytes:
    """Mark an address, so that it is known among an officer's few, and is not told."""
    return sha256(address.lower().encode()).digest()[:_MARK_BYTES]
