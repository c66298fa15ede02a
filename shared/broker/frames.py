"""Has no message break the connection by which it comes.

pamqp reads a message's properties, and refuses a time that Python has no date for (one in microseconds is enough), a
text or a header's name that isn't UTF-8, and headers of more levels than Python goes down. aiormq then ends the
connection, whoever reads gets the same message again, and whatever stands behind it in its queue, or in the journal,
never comes.
"""

import struct

from pamqp import decode
from pamqp.common import FieldTable, FieldValue

_HEAD = struct.Struct(">I")  # of a table or an array: how many bytes follow
_UNREADABLE = (ValueError, IndexError, struct.error, RecursionError)


def read_any_properties() -> None:
    """Have such a time read as none, such a text with what can be read of it, and what is wrong within headers left
    out, from now on. The others of them stay: the broker's own say where in the journal a message stands.
    """
    decode.METHODS["timestamp"] = decode.TABLE_MAPPING[b"T"] = _timestamp
    decode.METHODS["shortstr"] = _short_text
    decode.METHODS["table"] = decode.TABLE_MAPPING[b"F"] = _table
    decode.TABLE_MAPPING[b"A"] = _array


def _timestamp(value: bytes) -> tuple[int, FieldValue]:
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        return struct.calcsize(">Q"), None


def _short_text(value: bytes) -> tuple[int, str]:
    length = value[0]
    return length + 1, value[1 : length + 1].decode(errors="replace")


def _table(value: bytes) -> tuple[int, FieldTable]:
    end = _HEAD.size + _HEAD.unpack_from(value)[0]
    offset, fields = _HEAD.size, dict[str, FieldValue]()
    try:
        while offset < end:
            length, name = _short_text(value[offset:end])
            offset += length
            length, fields[name] = decode.embedded_value(value[offset:end])
            offset += length
    except _UNREADABLE:  # nobody can tell where the next one would begin
        pass
    return end, fields


def _array(value: bytes) -> tuple[int, FieldValue]:
    try:
        return decode.field_array(value)
    except _UNREADABLE:
        return _HEAD.size + _HEAD.unpack_from(value)[0], []
