"""Durations and times as people type them in flags, with gcloud's grammar (``gcloud topic datetimes``).

Everything is microseconds, as in `kmsctl.model.times`, which reads and writes what the API speaks.
"""

from __future__ import annotations

from kmsctl.model.times import MAX_TIME, MIN_TIME, SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo


class TimeSyntaxError(ValueError):
    """The text is no duration, or no time; the message is for the person who typed it."""


def parse_duration(text: str) -> int:
    """Parses a duration to microseconds: ``30d``, ``P1Y2M3DT4H5M6.5S``, ``1h30m``, ``2w``, ``500ms``, ``90``.

    Letters are of either case, a plain integer is seconds, numbers may have a fraction, a sign may
    come first. ``M`` is months after ``P`` (and before ``T``), else minutes. Anything longer than
    hours is counted on gcloud's calendar: a year has 365.2422 days, a month a twelfth of that, and
    from 366 days on the first of these years has 366. So ``365d`` is exact and ``1000d`` is not
    (86399905081s instead of 86399913600s for ``999999d``), as in gcloud. The result is a multiple
    of 100 microseconds.

    Not copied from gcloud: it may count a fraction of a second behind days twice (``1d0.6s`` as
    86401.6s), and it reads an empty text, ``P`` and ``T`` as zero, ``P1T2H`` as 12 hours and ``1_000`` as a
    number; those are errors here.

    Raises:
        TimeSyntaxError: if `text` is no duration.
    """
    try:
        return _duration(text + "s" if _is_integer(text) else text).total()
    except (OverflowError, TimeSyntaxError) as error:
        raise TimeSyntaxError(f"Failed to parse duration: {error}".rstrip(".")) from None


def check_range(value_us: int, lower: str | None, upper: str | None, *, received: str) -> int:
    """Returns `value_us` if it lies between two durations, both inclusive; None is no bound.

    Args:
        value_us: the parsed value.
        lower: the least value, as it is to be shown: ``1d``.
        upper: the greatest value, likewise.
        received: what was typed.

    Raises:
        TimeSyntaxError: if it does not.
    """
    if lower is not None and value_us < parse_duration(lower):
        raise TimeSyntaxError(f"value must be greater than or equal to {lower}; received: {received}")
    if upper is not None and value_us > parse_duration(upper):
        raise TimeSyntaxError(f"value must be less than or equal to {upper}; received: {received}")
    return value_us


def parse_datetime(text: str, *, now_us: int, local_tz: tzinfo | None = None) -> int:
    """Parses a time to microseconds since 1970, a multiple of 1000.

    Taken are ISO 8601, RFC 3339, RFC 822 and the other forms that python-dateutil knows. Parts of
    the date that are missing are today's, parts of the time are zero. A zone is an offset
    (``+02:00``, ``Z``), a name of the tz database (``Europe/Paris``, ``CET``) or one of the
    abbreviations below, which mean a fixed offset, as in RFC 822; without a zone the time is local.
    Last, a duration (``+P1D``, ``-1w``, ``30d``) is relative to now, on the local calendar.

    Otherwise than in gcloud, an unknown zone is an error, and the abbreviations do not follow
    daylight saving: ``EST`` is -05:00 in July too.

    Args:
        text: what was typed.
        now_us: the current time.
        local_tz: the local time zone; None asks the system.

    Raises:
        TimeSyntaxError: if `text` is no time, or outside the years 1 to 9999.
    """
    from datetime import UTC, datetime, timedelta

    from dateutil import tz

    local = tz.tzlocal() if local_tz is None else local_tz
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    now = (epoch + timedelta(microseconds=now_us)).astimezone(local)
    try:
        moment = absolute_time(text, now)
    except TimeSyntaxError as error:
        moment = _relative(text, now, error)
    us = (moment - epoch) // timedelta(microseconds=1)
    # gcloud rounds to the millisecond, but never up into the next second.
    fraction = us % SECOND
    us += min((fraction + 500) // 1000, 999) * 1000 - fraction
    if not MIN_TIME <= us <= MAX_TIME:
        raise TimeSyntaxError(f"Failed to parse date/time: out of range; received: {text}")
    return us


#: The names of RFC 822 and others in common use, in minutes east of UTC. Names that stand for several
#: zones of equal weight (IST, AST, SST) are left out: a guess would be hours off.
# fmt: off
_ZONE_MINUTES = {
    "Z": 0, "UT": 0, "GMT": 0, "UTC": 0, "BST": 60, "WEST": 60, "CEST": 120, "SAST": 120, "EEST": 180,
    "MSK": 180, "HKT": 480, "SGT": 480, "AWST": 480, "JST": 540, "KST": 540, "ACST": 570, "AEST": 600,
    "ACDT": 630, "AEDT": 660, "NZST": 720, "NZDT": 780, "EDT": -240, "EST": -300, "CDT": -300,
    "CST": -360, "MDT": -360, "MST": -420, "PDT": -420, "PST": -480, "AKDT": -480, "AKST": -540,
    "HST": -600,
}
# fmt: on


def _relative(text: str, now: datetime, error: TimeSyntaxError) -> datetime:
    """Parses a time relative to `now`; `error` says why `text` is no other time."""
    received = f"; received: {text}" if text else "; received empty string"
    try:
        duration = _duration(text)
    except (OverflowError, TimeSyntaxError):
        raise TimeSyntaxError(f"Failed to parse date/time: {error}{received}") from None
    try:
        return duration.after(now)
    except (OverflowError, ValueError) as out_of_range:
        raise TimeSyntaxError(f"Failed to parse date/time: {out_of_range}{received}") from None


def _zone(name: str) -> tzinfo | None:
    from dateutil import tz

    if name.upper() in _ZONE_MINUTES:
        return tz.tzoffset(name, _ZONE_MINUTES[name.upper()] * 60)
    # The check keeps gettz to the tz database: it would open any path it is given.
    is_name = name[:1].isalpha() and name.replace("/", "").replace("_", "").replace("-", "").isalnum()
    return tz.gettz(name) if is_name else None


def absolute_time(text: str, now: datetime) -> datetime:
    """Parses a time that is not relative, as `parse_datetime` does; `now` has the local time zone.

    Raises:
        TimeSyntaxError: if `text` is no time.
    """
    import re

    try:
        return _parse_free_form(text, now)
    except TimeSyntaxError:
        # dateutil knows no zone names with a slash, and no zone after a date without a time.
        suffix = re.fullmatch(r"(.*[\d\s])([^\d\s]+)", text, re.ASCII | re.DOTALL)
        zone = _zone(suffix[2]) if suffix else None
        if suffix is None or zone is None:
            raise
        return _parse_free_form(suffix[1], now).replace(tzinfo=zone)


_DAY_SECONDS = 86_400


def _parse_free_form(text: str, now: datetime) -> datetime:
    from dateutil import parser, tz

    def zone_of(name: str | None, offset: int | None) -> tzinfo | None:
        if offset is not None:
            if abs(offset) >= _DAY_SECONDS:
                raise TimeSyntaxError("Time zone offset out of range")
            return tz.tzoffset(None, offset)
        zone = _zone(name) if name is not None else None
        if name is not None and zone is None:
            raise TimeSyntaxError(f"Unknown time zone '{name}'")
        return zone

    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    try:
        moment = parser.parse(text, default=midnight, tzinfos=zone_of)
    except TimeSyntaxError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Each of these comes out of dateutil for some text or other.
        raise TimeSyntaxError(str(error)) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return digits.isascii() and digits.isdigit()


_DAYS_IN_YEAR = 365.2422
_DAYS_IN_LEAP_YEAR = 366
_MONTHS_IN_YEAR = 12


class _Duration:
    """The parts of a duration, normalized to whole numbers in their ranges.

    Hours go beyond 23 only in a duration that has nothing longer.
    """

    __slots__ = ("days", "hours", "microseconds", "minutes", "months", "seconds", "years")

    def __init__(self, parts: dict[str, float]) -> None:
        self.years, fraction = _split(parts["Y"])
        days = parts["D"] + parts["W"] * 7 + _DAYS_IN_YEAR * fraction
        self.months, fraction = _split(parts["months"])
        days += int(_DAYS_IN_YEAR * fraction / _MONTHS_IN_YEAR)
        self.days, fraction = _split(days)
        self.hours, fraction = _split(parts["H"] + 24 * fraction)
        self.minutes, fraction = _split(parts["M"] + 60 * fraction)
        self.seconds, fraction = _split(parts["S"] + 60 * fraction)
        self.microseconds = int(SECOND * fraction)

        carry, self.seconds = _divide(self.seconds, 60)
        carry, self.minutes = _divide(self.minutes + carry, 60)
        self.hours += carry
        if self.years or self.months or self.days:
            self._normalize_calendar()

    def _normalize_calendar(self) -> None:
        carry, self.hours = _divide(self.hours, 24)
        self.days += carry
        # The first year may be a leap year.
        if abs(self.days) >= _DAYS_IN_LEAP_YEAR:
            sign = 1 if self.days > 0 else -1
            self.days -= sign * _DAYS_IN_LEAP_YEAR
            self.years += sign
        years = int(self.days / _DAYS_IN_YEAR)
        self.days -= int(years * _DAYS_IN_YEAR)
        carry, self.months = _divide(self.months, _MONTHS_IN_YEAR)
        self.years += years + carry

    def total(self) -> int:
        """Returns the length in microseconds; years and months have their mean length."""
        day = 86_400.0
        year = day * _DAYS_IN_YEAR
        time = self.seconds + self.minutes * 60 + self.hours * 3600.0
        dates = self.days * day + self.months * (year / _MONTHS_IN_YEAR) + self.years * year
        # One ten-thousandth of a second is all that gcloud keeps.
        return round(time + dates) * SECOND + round(self.microseconds / 100) * 100

    def after(self, moment: datetime) -> datetime:
        """Returns `moment` plus this duration by the calendar and the clock on the wall."""
        from datetime import timedelta

        carry, month = divmod(moment.month - 1 + self.months, _MONTHS_IN_YEAR)
        first = moment.replace(year=moment.year + self.years + carry, month=month + 1, day=1)
        return first + timedelta(
            days=moment.day - 1 + self.days,
            hours=self.hours,
            minutes=self.minutes,
            seconds=self.seconds,
            microseconds=self.microseconds,
        )


def _split(number: float) -> tuple[int, float]:
    """Splits off the fraction, to four digits."""
    whole = int(number)
    return whole, round(round(number, 4) - whole, 4)


def _divide(number: int, unit: int) -> tuple[int, int]:
    """Divides towards zero, so that the parts of a negative duration are all negative."""
    carry = int(number / unit)
    return carry, number - carry * unit


_BELOW_SECOND = {"MS": 1e3, "US": 1e6, "NS": 1e9}


def _duration(text: str) -> _Duration:
    parts = dict.fromkeys(("Y", "months", "W", "D", "H", "M", "S"), 0.0)
    sign = -1 if text[:1] == "-" else 1
    body = text[1:] if text[:1] in ("+", "-") else text
    if body in ("P0", "p0"):
        return _Duration(parts)
    has_date = body[:1] in ("P", "p")
    has_parts = False
    for number, unit in _items(body[1:] if has_date else body):
        has_parts = has_parts or unit != "T"
        if unit in _BELOW_SECOND:
            parts["S"] += sign * number / _BELOW_SECOND[unit]
        elif unit == "M" and has_date:
            parts["months"] += sign * number
            has_date = False
        elif unit in parts:
            parts[unit] += sign * number
            has_date = has_date and unit not in "HMS"
        elif unit == "T":
            has_date = False
        else:
            raise TimeSyntaxError(f"Unknown character '{unit}' in duration.")
    if not has_parts:
        raise TimeSyntaxError("A duration must have a number and a unit.")
    return _Duration(parts)


def _items(text: str) -> Iterator[tuple[float, str]]:
    """Yields each number with its unit in capitals; ``T`` comes with 0."""
    import re

    separators = 0
    for match in re.finditer(r"([0-9.,]*)([mun]s\Z|[^0-9.,]|\Z)", text, re.IGNORECASE | re.DOTALL):
        number, unit = match[1], match[2].upper()
        if unit == "T":
            separators += 1
            if separators > 1:
                raise TimeSyntaxError("A duration may contain at most one 'T' separator.")
            if number:
                raise TimeSyntaxError(f"Number '{number}' must be followed by a unit.")
            yield 0, unit
        elif unit and not number:
            raise TimeSyntaxError(f"Duration unit '{text[match.start() :]}' must be preceded by a number.")
        elif number and not unit:
            raise TimeSyntaxError("Duration must end with time part character.")
        elif unit:
            try:
                yield float(number.replace(",", ".")), unit
            except ValueError as error:
                raise TimeSyntaxError(str(error)) from None
