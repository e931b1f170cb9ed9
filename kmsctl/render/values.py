"""How single values are written in columns."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def float_text(number: float, precision: int = 6) -> str:
    """Returns `number` with `precision` digits, always with a point or an exponent.

    An exponent is shown only outside 1e-4..1e9; within, a number of more digits keeps one decimal.
    """
    text = format(number, f".{precision}")
    if "e" in text and 1e-4 <= abs(number) < 1e9:
        return f"{number:.1f}"
    return text


def cell_text(value: Any) -> str:
    """Returns `value` as a table shows it: nothing for None, Python's notation for lists and maps."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return float_text(value)
    return str(value)


def without_nulls(value: Any) -> Any:
    """Returns `value` without the entries of maps that are None, all the way down."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def sorted_deep(value: Any) -> Any:
    """Returns `value` with the keys of all its maps in order; what is in order is not copied."""
    if type(value) is dict:
        names = list(value)
        ordered = sorted(names)
        changed = names != ordered
        for item in value.values():
            if type(item) is dict or type(item) is list:
                break
        else:
            return {name: value[name] for name in ordered} if changed else value
        result = {name: sorted_deep(value[name]) for name in ordered}
        return result if changed or any(result[name] is not value[name] for name in names) else value
    if type(value) is list:
        items = [sorted_deep(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value
