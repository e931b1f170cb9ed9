"""Times and durations as the output language writes and compares them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DATE_UNITS = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}
_TIME_UNITS = {"H": "hours", "M": "minutes", "S": "seconds"}


def parse_time(text: str, zone: tzinfo | None = None) -> datetime:
    """Parses a time in any common form, or one relative to now such as ``-P1D``.

    Args:
        text: the time, with the names of zones that `kmsctl.model.durations.parse_datetime` knows.
            Parts of the date that are left out are today's; of the time, 0.
        zone: what a time without a zone is in; None for the local time zone.

    Returns:
        A time with a time zone.

    Raises:
        ValueError: if it is no time.
    """
    try:
        found = datetime.fromisoformat(text) if len(text) >= 10 and text[4] == "-" else _free_form(text, zone)
    except ValueError:
        found = _free_form(text, zone)
    if found.tzinfo is None:
        return found.astimezone() if zone is None else found.replace(tzinfo=zone)
    return found


def _free_form(text: str, zone: tzinfo | None) -> datetime:
    from dateutil.tz import tzlocal

    from kmsctl.model.durations import absolute_time

    try:
        relative = _relative(text)
    except OverflowError as error:
        raise ValueError(f"Duration out of range: {text}") from error
    if relative is not None:
        return relative
    return absolute_time(text, datetime.now(zone or tzlocal()))


def _relative(text: str) -> datetime | None:
    parts = parse_duration(text)
    if parts is None or text.isdigit():
        return None
    from dateutil.relativedelta import relativedelta

    whole = {name: int(amount) for name, amount in parts.items() if name in ("years", "months")}
    rest = {name: amount for name, amount in parts.items() if name not in whole}
    now = datetime.now(UTC)
    return now + relativedelta(years=whole.get("years", 0), months=whole.get("months", 0)) + timedelta(**rest)


def parse_duration(text: str) -> dict[str, float] | None:
    """Parses ``[+-][P][nY][nM][nW][nD][T][nH][nM][nS]``, in either case.

    Returns:
        Amounts by unit name, all negative after a minus sign; None if `text` is no duration.
    """
    rest = text.upper()
    sign = -1 if rest.startswith("-") else 1
    rest = rest.removeprefix("-").removeprefix("+")
    units = _DATE_UNITS
    if rest.startswith("P"):
        rest = rest[1:]
    else:
        units = {"Y": "years", "W": "weeks", "D": "days"} | _TIME_UNITS
    parts: dict[str, float] = {}
    number = ""
    for character in rest:
        if character.isdigit() or character == ".":
            number += character
        elif character == "T" and not number:
            units = _TIME_UNITS
        else:
            if character == "H" and units is _DATE_UNITS:
                units = _TIME_UNITS
            name = units.get(character) or _TIME_UNITS.get(character)
            amount = _amount(number)
            if name is None or amount is None or name in parts:
                return None
            parts[name] = sign * amount
            number = ""
    if number or not parts:
        return {} if rest in ("0", "") and text.upper().lstrip("+-").startswith("P") else None
    return parts


def _amount(text: str) -> float | None:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None


def zone_named(name: str) -> tzinfo | None:
    """Returns a time zone by name; None for ``LOCAL`` and for names that are unknown."""
    if name.upper() in ("UTC", "Z", "ZULU"):
        return UTC
    if not name or name.upper() == "LOCAL":
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def from_timestamp(value: float) -> datetime | None:
    """Returns the time `value` seconds after the epoch, without a zone; None if out of range."""
    try:
        return datetime(1970, 1, 1) + timedelta(seconds=value)  # noqa: DTZ001  # the caller knows the zone
    except (OverflowError, ValueError):  # infinite, or no number
        return None


def format_time(moment: datetime, layout: str) -> str:
    """Formats by strftime's conversions, and ``%Ez`` ``%Oz`` ``%:z`` ``%nf`` ``%s``.

    What may stand before the letter (``%-d``, ``%^a``, ``%4d``) is the system's.
    """
    text, *conversions = re.split(r"%([-_0^#]*[0-9]*[EO:]?.)", layout, flags=re.DOTALL)
    pieces = [text]
    for name, following in zip(conversions[::2], conversions[1::2], strict=True):
        pieces += _conversion(moment, name), following
    return "".join(pieces)


def _conversion(moment: datetime, name: str) -> str:
    if name in ("Ez", "Oz", ":z"):
        offset = moment.strftime("%z")
        if name == "Ez" and offset == "+0000":
            return "Z"
        return f"{offset[:3]}:{offset[3:5]}" if offset else ""
    if len(name) == 2 and name[0] in "123456789" and name[1] == "f":
        return _fraction(moment, int(name[0]))
    if name == "s":
        seconds: Any = (moment - datetime(1970, 1, 1, tzinfo=moment.tzinfo and UTC)).total_seconds()
        return str(seconds)
    return moment.strftime(f"%{name}")


def _fraction(moment: datetime, digits: int) -> str:
    """Returns the fraction of a second, rounded to some digits; what would round up to 1 is not."""
    text = f"{moment.microsecond:06d}"
    if not 0 < digits < len(text):
        return text
    shown, following = text[:digits], text[digits]
    if following >= "5" and shown != "9" * digits:
        return f"{int(shown) + 1:0{digits}d}"
    return shown
