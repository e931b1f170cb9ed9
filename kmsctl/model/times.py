"""Times and durations as the API writes them: proto3 JSON over RFC 3339.

A time is an integer: microseconds since 1970-01-01T00:00:00Z, without leap seconds. A duration is an
integer: microseconds. What people type on a command line is read by `kmsctl.model.durations`.
"""

from __future__ import annotations

import time

from kmsctl.errors import InvalidArgument

#: The range of google.protobuf.Timestamp: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z.
MIN_TIME = -62_135_596_800_000_000
MAX_TIME = 253_402_300_799_999_999

SECOND = 1_000_000
DAY = 86_400 * SECOND

_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY = 2
_MAX_FRACTION_DIGITS = 9
_DAYS_TO_EPOCH = 719_162  # from 0001-01-01 to 1970-01-01

_TWO_DIGITS = [f"{number:02}" for number in range(60)]
#: Day since 1970 → its date as `rfc3339` has it: lists have the same days over and over.
_dates: dict[int, str] = {}
_MOST_DATES = 1000
#: Time → its text: a version is made at the time of its key, and generated then, so what is listed
#: has most times more than once in a row.
_texts: dict[int, str] = {}
_MOST_TEXTS = 100


def now_us() -> int:
    """Returns the system clock's time in microseconds since 1970."""
    return time.time_ns() // 1000


def rfc3339(us: int) -> str:
    """Returns a time as proto3 JSON has it: UTC, ``Z``, and 0, 3 or 6 digits of a second.

    Raises:
        ValueError: if `us` is outside the years 1 to 9999.
    """
    text = _texts.get(us)
    if text is None:
        if len(_texts) >= _MOST_TEXTS:
            _texts.clear()
        text = _texts[us] = _rfc3339(us)
    return text


def _rfc3339(us: int) -> str:
    if not MIN_TIME <= us <= MAX_TIME:
        raise ValueError(f"time out of range: {us}")
    seconds, fraction = divmod(us, SECOND)
    day, second = divmod(seconds, 86_400)
    date = _dates.get(day)
    if date is None:
        if len(_dates) >= _MOST_DATES:
            _dates.clear()
        year, month, day_of_month = time.gmtime(seconds)[:3]
        date = _dates[day] = f"{year:04}-{month:02}-{day_of_month:02}T"
    hour, minute = _TWO_DIGITS[second // 3600], _TWO_DIGITS[second // 60 % 60]
    return f"{date}{hour}:{minute}:{_TWO_DIGITS[second % 60]}{_fraction(fraction)}Z"


def duration_json(us: int) -> str:
    """Returns a duration as proto3 JSON has it: seconds with 0, 3 or 6 digits after the point, and ``s``."""
    seconds, fraction = divmod(abs(us), SECOND)
    sign = "-" if us < 0 else ""
    return f"{sign}{seconds}{_fraction(fraction)}s"


def parse_rfc3339(text: str) -> int:
    """Parses an RFC 3339 time, such as ``2030-01-02T03:04:05.678+01:00``, to microseconds since 1970.

    Nothing but the RFC's grammar is taken: ``T`` and ``Z`` in either case, one to nine digits of a
    second (the last three of nine are dropped), an offset of at most 23:59. As in protobuf, a leap
    second is refused.

    Raises:
        InvalidArgument: if `text` is not such a time, or lies outside the years 1 to 9999.
    """
    us = _parse(text)
    if us is None or not MIN_TIME <= us <= MAX_TIME:
        raise InvalidArgument(f"'{text}' is not an RFC 3339 time, such as 2030-01-02T03:04:05Z.")
    return us


def _fraction(us: int) -> str:
    if us == 0:
        return ""
    return f".{us // 1000:03}" if us % 1000 == 0 else f".{us:06}"


def _parse(text: str) -> int | None:
    if len(text) < len("2030-01-02T03:04:05Z") or not text.isascii():
        return None
    if text[4] + text[7] + text[10].upper() + text[13] + text[16] != "--T::":
        return None
    parts = (text[:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19])
    if not all(part.isdigit() for part in parts):
        return None
    year, month, day, hour, minute, second = map(int, parts)
    if parts[0] == "0000" or not "01" <= parts[1] <= "12" or not 1 <= day <= _days_in(year, month):
        return None
    tail = _fraction_and_offset(text[19:])
    if tail is None or parts[3] > "23" or parts[4] > "59" or parts[5] > "59":
        return None
    fraction, offset = tail
    seconds = ((_days_since_epoch(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second
    return seconds * SECOND + fraction


def _fraction_and_offset(text: str) -> tuple[int, int] | None:
    """Parses ``[.fraction](Z|+hh:mm)`` to microseconds and minutes east of UTC."""
    fraction = 0
    if text[0] == ".":
        offset = text[1:].lstrip("0123456789")
        digits = text[1 : len(text) - len(offset)]
        if not 1 <= len(digits) <= _MAX_FRACTION_DIGITS:
            return None
        fraction = int(digits.ljust(_MAX_FRACTION_DIGITS, "0")) // 1000
        text = offset
    if text in ("Z", "z"):
        return fraction, 0
    sign, hours, colon, minutes = text[:1], text[1:3], text[3:4], text[4:]
    if sign not in ("+", "-") or colon != ":" or len(minutes) != len("mm"):
        return None
    if not (hours.isdigit() and minutes.isdigit()) or hours > "23" or minutes > "59":
        return None
    offset_minutes = int(hours) * 60 + int(minutes)
    return fraction, -offset_minutes if sign == "-" else offset_minutes


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in(year: int, month: int) -> int:
    return _DAYS_IN_MONTH[month - 1] + (month == _FEBRUARY and _is_leap(year))


def _days_since_epoch(year: int, month: int, day: int) -> int:
    years = year - 1
    days = years * 365 + years // 4 - years // 100 + years // 400
    days += sum(_DAYS_IN_MONTH[: month - 1]) + (month > _FEBRUARY and _is_leap(year))
    return days + day - 1 - _DAYS_TO_EPOCH
