"""ISO 8601 durations as text."""

from __future__ import annotations

_UNITS = ("Y", "M", "D", "H", "M", "S")
_SECONDS_PER = (366 * 86400, 30 * 86400, 86400, 3600, 60, 1)
_HOURS = 3


def duration_text(amounts: list[float], *, parts: int, precision: int) -> str:
    """Returns a duration such as ``P1DT2H``.

    Args:
        amounts: years, months, days, hours, minutes and seconds; all of one sign.
        parts: how many parts to show from the largest that is not zero; 0 for all.
        precision: decimals of the seconds; trailing zeros are left out.
    """
    sign = "-" if any(amount < 0 for amount in amounts) else ""
    values = [abs(amount) for amount in amounts]
    first = next((index for index, value in enumerate(values) if value), len(values))
    last = min(first + (parts or len(values)), len(values)) - 1
    text = ""
    for index in range(first, last + 1):
        shown = _rounded(values, index, precision, final=index == last)
        if shown:
            if index >= _HOURS and "T" not in text:
                text += "T"
            text += f"{shown}{_UNITS[index]}"
    return f"{sign}P{text}" if text else "P0"


def _rounded(values: list[float], index: int, precision: int, *, final: bool) -> str:
    """Returns one part; the last one shown is rounded by what follows it."""
    value = values[index]
    if index == len(values) - 1:
        text = f"{value:.{precision}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text if text != "0" else ""
    if final and value:
        rest = sum(
            amount * seconds
            for amount, seconds in zip(values[index + 1 :], _SECONDS_PER[index + 1 :], strict=True)
        )
        value += round(rest / _SECONDS_PER[index])
    return str(int(value)) if value else ""


def _days_in(years: float) -> float:
    """Returns the days of so many years, of which the first and then every fourth is a leap year."""
    return 365 * years + -(-years // 4)


def split_seconds(seconds: float, *, calendar: bool) -> list[float]:
    """Splits an amount of seconds into the units of a duration; days and years only if `calendar`."""
    sign = -1 if seconds < 0 else 1
    seconds = abs(seconds)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days = years = 0.0
    if calendar:
        days, hours = divmod(hours, 24)
        years = (days - 1) // 365 if days > 365 else 0.0
        while years and days < _days_in(years):
            years -= 1
        days -= _days_in(years)
    return [sign * amount for amount in (years, 0, days, hours, minute, round(second, 6))]


def from_parts(parts: dict[str, float]) -> list[float]:
    """Normalises amounts by unit name: months to years, weeks to days, seconds up to hours."""
    sign = -1 if any(amount < 0 for amount in parts.values()) else 1
    amounts = {name: abs(amount) for name, amount in parts.items()}
    extra_years, months = divmod(amounts.get("months", 0), 12)
    years = amounts.get("years", 0) + extra_years
    days = amounts.get("days", 0) + 7 * amounts.get("weeks", 0)
    seconds = amounts.get("hours", 0) * 3600 + amounts.get("minutes", 0) * 60 + amounts.get("seconds", 0)
    clock = split_seconds(seconds, calendar=False)
    return [sign * amount for amount in (years, months, days, *clock[3:])]
