"""What a model expects of a value, in our own words: the library's own are for those who write the models.

Source of the types and their contexts: pydantic's documentation, "Validation Errors".
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from shared.values.scalars import ScalarWords, day_expected
from shared.wording.words import Common, Words


class ModelWords(Enum):
    """What was expected, by what pydantic found."""

    VALUE = Words("một giá trị", "a value")
    KNOWN_FIELD = Words("chỉ các trường có trong lược đồ của sự kiện", "only the fields of the event's schema")
    LIST = Words("một danh sách", "a list")
    NULL = Words("null, hoặc bỏ trường này", "null, or no such field")
    TEXT_FROM = Words("văn bản có ít nhất {min_length} ký tự", "a text of {min_length} characters at least")
    TEXT_UP_TO = Words("văn bản có tối đa {max_length} ký tự", "a text of {max_length} characters at most")
    PRINTABLE = Words("văn bản không có ký tự điều khiển", "a text without control characters")
    CONSTANT = Words("đúng giá trị {expected}", "exactly {expected}")
    AT_LEAST = Words("số không nhỏ hơn {ge}", "a number not below {ge}")
    AT_MOST = Words("số không lớn hơn {le}", "a number not above {le}")
    ABOVE = Words("số lớn hơn {gt}", "a number above {gt}")
    BELOW = Words("số nhỏ hơn {lt}", "a number below {lt}")
    ITEMS_FROM = Words("ít nhất {min_length} mục", "{min_length} items at least")
    ITEMS_UP_TO = Words("tối đa {max_length} mục", "{max_length} items at most")
    ONE_TAG = Words("một trong {expected_tags}", "one of {expected_tags}")


_OF_TYPE: dict[str, ModelWords | Common] = {
    "missing": ModelWords.VALUE,
    "extra_forbidden": ModelWords.KNOWN_FIELD,
    "none_required": ModelWords.NULL,
    "string_too_short": ModelWords.TEXT_FROM,
    "string_too_long": ModelWords.TEXT_UP_TO,
    "string_pattern_mismatch": ModelWords.PRINTABLE,
    "literal_error": ModelWords.CONSTANT,
    "union_tag_invalid": ModelWords.ONE_TAG,
    "union_tag_not_found": ModelWords.VALUE,
    "greater_than_equal": ModelWords.AT_LEAST,
    "less_than_equal": ModelWords.AT_MOST,
    "greater_than": ModelWords.ABOVE,
    "less_than": ModelWords.BELOW,
    "too_short": ModelWords.ITEMS_FROM,
    "too_long": ModelWords.ITEMS_UP_TO,
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dataclass_type", "dict_type", "mapping_type"), Common.OBJECT
    ),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), ModelWords.LIST),
    **dict.fromkeys(("bool_type", "bool_parsing"), Common.TRUTH),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), Common.WHOLE_NUMBER),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), Common.NUMBER),
}
_TEXTS = frozenset({"string_type", "string_unicode"})
_DAYS = frozenset({"day", "date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"})
_INSTANTS = frozenset(
    {
        "instant", "datetime_type", "datetime_parsing", "datetime_object_invalid", "datetime_from_date_parsing",
        "timezone_aware", "timezone_offset",
    }
)  # fmt: skip


def field_of(location: Iterable[object], context: Mapping[str, Any]) -> str:
    """Name the path of the field that an error of this location and context is about, `event` for the whole.

    Of a union that is the field by which its models are told apart: the location is that of the whole object.
    """
    told_apart_by = [context["discriminator"].strip("'")] if "discriminator" in context else []
    return ".".join([*map(str, location), *told_apart_by]) or "event"


def expected_by_model(kind: str, context: Mapping[str, Any]) -> Words:
    """Say what was expected where a model refuses a value with an error of this type and context."""
    if kind in _TEXTS:
        return ScalarWords.TEXT.value
    if kind in _DAYS:
        return day_expected()
    if kind in _INSTANTS:
        return ScalarWords.INSTANT.value
    words: Words = _OF_TYPE.get(kind, Common.OTHER_KIND).value
    # Of a context only bounds and values of ours have a placeholder: the rest of it are texts of the library.
    return (
        words.filled(**{name: str(value).replace(" or ", ", ") for name, value in context.items()})
        if context
        else words
    )
