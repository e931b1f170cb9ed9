"""An order over values of different types."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def sort_key(value: Any) -> tuple[int, Any]:
    """Returns what orders `value` among values of any type: numbers, then text, None as empty text."""
    if isinstance(value, (int, float)):
        return (0, value)
    return (1, "" if value is None else str(value))
