"""Transforms of numbers."""

from __future__ import annotations

from kmsctl.render.transforms import integer, truth
from kmsctl.render.values import float_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kmsctl.render.transforms import Function

_UNITS = ("", "Ki", "Mi", "Gi", "Ti", "Pi")
_PREFIXES = "BKMGTP"
_RESOLUTIONS = (("col", "row"), ("width", "height"), ("screenx", "screeny"), ("x", "y"))


def _number(value: Any) -> float | None:
    if isinstance(value, (dict, list)) or value is None:
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _float(precision: str | None = None, spec: str | None = None, undefined: str = "") -> Function:
    digits = integer("float", "precision", precision, 6)

    def convert(value: Any) -> Any:
        number = _number(value)
        if number is None:
            return undefined
        try:
            return format(number, f".{digits}{spec}") if spec else float_text(number, digits)
        except ValueError:  # a precision that no number can be written with
            return undefined

    return convert


def _unit(text: str | None) -> float:
    """Returns what a unit such as ``M``, ``MiB`` or a plain number multiplies by."""
    if not text:
        return 1.0
    position = _PREFIXES.find(text[0].upper())
    if position >= 0:
        return float(1 << (10 * position))
    try:
        return float(text) or 1.0
    except ValueError:
        return 1.0


def _size(
    zero: str = "0",
    precision: str | None = None,
    units_in: str | None = None,
    units_out: str | None = None,
    min: str | None = None,  # noqa: A002  # the language's name of the argument
) -> Function:
    digits = integer("size", "precision", precision, 1)
    least = integer("size", "min", min, 0)
    factor = _unit(units_in)
    fixed = bool(units_out) and str(units_out)[0].upper() in _PREFIXES[1:]

    def size(value: Any) -> Any:
        number = _number(value)
        if not number and not (number is None and value):
            return zero
        number = (number or 0) * factor
        below = number < least
        number = max(number, least)
        if fixed:
            return f"{number / _unit(units_out):.{digits}f}"
        power = 0
        while number >= 1024 and power < len(_UNITS) - 1:
            number /= 1024
            power += 1
        amount = str(int(number)) if number == int(number) else f"{number:.{digits}f}"
        text = f"{amount} {_UNITS[power] + 'B' if power else 'bytes'}"
        return f"< {text}" if below else text

    return size


def _resolution(undefined: str = "", transpose: str | None = None) -> Function:
    swap = truth(transpose, default=False)

    def resolution(value: Any) -> Any:
        if not isinstance(value, dict):
            return undefined
        for across, down in _RESOLUTIONS:
            if across in value and down in value:
                first, second = value[across], value[down]
                return f"{second} x {first}" if swap else f"{first} x {second}"
        return undefined

    return resolution


FACTORIES: dict[str, Callable[..., Function]] = {
    "float": _float,
    "resolution": _resolution,
    "size": _size,
}
