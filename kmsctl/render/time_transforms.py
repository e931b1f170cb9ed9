"""Transforms of times and durations."""

from __future__ import annotations

from datetime import UTC, datetime

from kmsctl.render.dates import format_time, from_timestamp, parse_duration, parse_time, zone_named
from kmsctl.render.durations import duration_text, from_parts, split_seconds
from kmsctl.render.paths import compile_path
from kmsctl.render.transforms import integer, truth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from typing import Any

    from kmsctl.render.transforms import Function


#: More seconds than this are no time and no duration: they are beyond the year 12,000.
_ENDLESS = 400_000_000_000


def _divisor(unit: str | None) -> float:
    try:
        return float(unit or 1) or 1.0
    except ValueError:
        return 1.0


def _timestamp(value: Any, divisor: float) -> float | None:
    """Returns a number, or text that is one, in seconds."""
    if not isinstance(value, (int, float, str)):
        return None
    try:
        seconds = float(value) / divisor
    except (ValueError, OverflowError):
        return None
    return seconds if abs(seconds) < _ENDLESS else None


def _moment(value: Any, divisor: float, zone: tzinfo | None) -> datetime | None:
    """Returns a timestamp (without a zone) or a time (with one); None if it is neither."""
    seconds = _timestamp(value, divisor)
    if seconds is not None:
        return from_timestamp(seconds)
    if not isinstance(value, str) or not value:
        return None
    try:
        return parse_time(value, zone)
    except ValueError:
        return None


def _date(
    format: str = "%Y-%m-%dT%H:%M:%S",  # noqa: A002  # the language's name of the argument
    unit: str | None = None,
    undefined: str = "",
    tz: str = "",
    tz_default: str = "",
) -> Function:
    divisor = _divisor(unit)
    assumed = zone_named(tz_default)
    shown = zone_named(tz)
    layout = format or "%Y-%m-%dT%H:%M:%S.%3f%Ez"

    def date(value: Any) -> Any:
        moment = _moment(value, divisor, assumed)
        if moment is None:
            return undefined
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        elif shown is None and tz.upper() != "LOCAL":
            return format_time(moment, layout)
        try:
            moment = moment.astimezone(shown)
        except OverflowError:  # in that zone it is before the year 1, or after 9999
            return undefined
        return format_time(moment, layout)

    return date


def _iso(undefined: str = "T") -> Function:
    def iso(value: Any) -> Any:
        moment = _moment(value, 1.0, None)
        return undefined if moment is None else format_time(moment, "%Y-%m-%dT%H:%M:%S.%3f%Oz")

    return iso


def _duration(  # noqa: PLR0917  # the language's arguments, in its order
    start: str = "",
    end: str = "",
    parts: str | None = None,
    precision: str | None = None,
    calendar: str | None = None,
    unit: str | None = None,
    undefined: str = "",
) -> Function:
    shown = {
        "parts": integer("duration", "parts", parts, 3),
        "precision": integer("duration", "precision", precision, 3),
    }
    by_calendar = truth(calendar, default=True)
    divisor = _divisor(unit)
    get_start = compile_path(tuple(start.split("."))) if start else None
    get_end = compile_path(tuple(end.split("."))) if end else None

    def between(value: Any) -> list[float] | None:
        begun = _moment(get_start(value) if get_start else None, 1.0, None)
        ended = _moment(get_end(value), 1.0, None) if get_end else datetime.now(UTC)
        if begun is None or ended is None:
            return None
        begun, ended = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (begun, ended))
        return split_seconds((ended - begun).total_seconds(), calendar=by_calendar)

    def amounts(value: Any) -> list[float] | None:
        seconds = _timestamp(value, divisor)
        if seconds is not None:
            return split_seconds(seconds, calendar=by_calendar)
        if not isinstance(value, str):
            return None
        named = parse_duration(value)
        if named is not None:
            return from_parts(named)
        moment = _moment(value, 1.0, None)
        if moment is None:
            return None
        return split_seconds((datetime.now(UTC) - moment).total_seconds(), calendar=by_calendar)

    def duration(value: Any) -> Any:
        found = between(value) if get_start else amounts(value)
        return undefined if found is None else duration_text(found, **shown)

    return duration


FACTORIES: dict[str, Callable[..., Function]] = {
    "date": _date,
    "duration": _duration,
    "iso": _iso,
}
