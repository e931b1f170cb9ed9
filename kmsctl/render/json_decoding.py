"""The ``json-decode`` attribute: text that is a JSON list or object, as that list or object."""

from __future__ import annotations

from json import JSONDecodeError, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def decode_json(value: Any) -> Any:
    """Returns `value` with every text in it that is compact JSON decoded."""
    if isinstance(value, str) and value[:1] in ("{", "[") and value[-1:] in ("}", "]"):
        try:
            return loads(value)
        except JSONDecodeError:
            return value
    if isinstance(value, dict):
        return {key: decode_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode_json(item) for item in value]
    return value
