r"""Labels of a key: what the API accepts, and how flags spell them.

A label is a key and a value. Both have the letters, digits, ``_`` and ``-`` of the Cloud KMS API:
``[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}`` for a key, ``[\p{Ll}\p{Lo}\p{N}_-]{0,63}`` for a value.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LABELS = 64
MAX_LENGTH = 63

_CHARACTERS = "Only hyphens (-), underscores (_), lowercase characters, and numbers are allowed. "
_KEY_RULE = (
    _CHARACTERS + "Keys must start with a lowercase character. International characters are allowed. "
    "Key length must not exceed 63 characters."
)
_VALUE_RULE = _CHARACTERS + "International characters are allowed."
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_MARKS = frozenset("0123456789_-")


class FlagValueError(ValueError):
    """The text of a flag's value is not one; the message is for the person who typed it."""


def check_labels(labels: Mapping[str, str]) -> None:
    """Checks the labels of a key.

    Raises:
        InvalidArgument: if there are more than 64, or a key or value breaks the grammar; the message
            names the key.
    """
    if len(labels) > MAX_LABELS:
        raise InvalidArgument(f"labels: {len(labels)} labels are more than the maximum of {MAX_LABELS}.")
    for key, value in labels.items():
        if not _is_key(key):
            raise InvalidArgument(f"labels: the key '{key}' is not valid. {_KEY_RULE}")
        if not _is_value(value):
            raise InvalidArgument(
                f"labels: the value '{value}' of '{key}' is not valid. {_VALUE_RULE} "
                f"Value length must not exceed {MAX_LENGTH} characters."
            )


def parse_list_arg(text: str) -> list[str]:
    """Splits a list flag's value at commas, or at another delimiter: ``^:^a,b:c`` is ``a,b`` and ``c``.

    One delimiter may end the text. An empty text is an empty list.

    Raises:
        FlagValueError: if the delimiter between the carets is empty.
    """
    delimiter = ","
    if text.startswith("^") and "^" in text[1:]:
        delimiter, text = text[1:].split("^", 1)
        if not delimiter:
            raise FlagValueError("Invalid delimiter: there must be one between the carets, as in ^:^a:b.")
    if not text:
        return []
    return text.removesuffix(delimiter).split(delimiter)


def parse_label_arg(text: str) -> dict[str, str]:
    """Parses the value of ``--labels``: ``KEY=VALUE,...``, with `parse_list_arg`'s choice of a delimiter.

    A value may hold ``=``, or be empty. Of two values for one key the last counts.

    Raises:
        FlagValueError: if it is not such a list, or a key or value breaks the grammar.
    """
    labels = {}
    for item in parse_list_arg(text):
        key, equals, value = item.partition("=")
        if not key:
            raise FlagValueError(f"Invalid flag value [{item}]")
        if not equals:
            raise FlagValueError(
                f"Bad syntax for dict arg: [{key}]. Each item is KEY=VALUE; "
                "start with ^DELIMITER^ to separate items by something else than commas."
            )
        if not _is_key(key):
            raise FlagValueError(f"Bad value [{key}]: {_KEY_RULE}")
        if not _is_value(value):
            raise FlagValueError(f"Bad value [{value}]: {_VALUE_RULE}")
        labels[key] = value
    return labels


def merge_label_args(earlier: Mapping[str, str], later: Mapping[str, str]) -> dict[str, str]:
    """Joins the values of a label flag that is given twice.

    Raises:
        FlagValueError: if a key is in both; within one flag it may be repeated, across flags not.
    """
    for key, value in later.items():
        if key in earlier:
            raise FlagValueError(
                f'"{key}" cannot be specified multiple times; received: {earlier[key]}, {value}'
            )
    return {**earlier, **later}


def _is_key(text: str) -> bool:
    return text != "" and _is_letter(text[0]) and _is_value(text)


def _is_value(text: str) -> bool:
    return len(text) <= MAX_LENGTH and all(_is_letter(c) or _is_mark(c) for c in text)


def _is_letter(character: str) -> bool:
    return character in _LETTERS or (not character.isascii() and _category(character) in ("Ll", "Lo"))


def _is_mark(character: str) -> bool:
    return character in _MARKS or (not character.isascii() and _category(character)[0] == "N")


def _category(character: str) -> str:
    from unicodedata import category

    return category(character)
