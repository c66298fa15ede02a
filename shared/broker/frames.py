"""Has no message break the connection by which it comes.

pamqp reads a message's properties, and refuses a time that Python has no date for (one in microseconds is enough) and
a text that isn't UTF-8. aiormq then ends the connection, whoever reads gets the same message again, and whatever stands
behind it in its queue, or in the journal, never comes.
"""

import struct

from pamqp import decode
from pamqp.common import FieldValue


def read_any_properties() -> None:
    """Have such a time read as none, and such a text with what can be read of it, from now on."""
    decode.METHODS["timestamp"] = decode.TABLE_MAPPING[b"T"] = _timestamp
    decode.METHODS["shortstr"] = _short_text


def _timestamp(value: bytes) -> tuple[int, FieldValue]:
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        return struct.calcsize(">Q"), None


def _short_text(value: bytes) -> tuple[int, FieldValue]:
    length = value[0]
    return length + 1, value[1 : length + 1].decode(errors="replace")
