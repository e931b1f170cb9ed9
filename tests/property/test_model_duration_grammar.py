from __future__ import annotations

from datetime import UTC

from hypothesis import example, given
from hypothesis import strategies as st

from kmsctl.model.durations import TimeSyntaxError, parse_datetime, parse_duration
from kmsctl.model.times import DAY, MAX_TIME, MIN_TIME, SECOND, rfc3339

NOW = 1_893_456_000_123_456
UNIT = {"d": DAY, "h": 3600 * SECOND, "m": 60 * SECOND, "s": SECOND}


@given(st.integers(-(10**9), 10**9))
def test_a_plain_number_is_seconds(seconds: int) -> None:
    assert parse_duration(str(seconds)) == seconds * SECOND


@given(
    st.integers(0, 300),
    st.integers(0, 1000),
    st.integers(0, 10**5),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_units_below_a_year_add_up(days: int, hours: int, minutes: int, seconds: int, upper: bool) -> None:
    length = days * DAY + hours * UNIT["h"] + minutes * UNIT["m"] + seconds * SECOND
    if length > 365 * DAY:
        return
    text = f"P{days}DT{hours}H{minutes}M{seconds}S"
    assert parse_duration(text if upper else text.lower()) == length
    assert parse_duration(f"{days}d{hours}h{minutes}m{seconds}s") == length
    assert parse_duration(f"-{text}") == -length


@given(st.integers(0, 10**6), st.integers(0, 9999))
def test_fractions_of_a_second_are_kept_to_four_digits(seconds: int, fraction: int) -> None:
    assert parse_duration(f"{seconds}.{fraction:04}s") == seconds * SECOND + fraction * 100


@given(st.integers(366, 10**6))
def test_years_of_days_are_never_far_from_their_days(days: int) -> None:
    assert abs(parse_duration(f"{days}d") - days * DAY) < DAY


@given(st.text("0123456789.,PTYMWDHSptymwdhsnu+- ", max_size=20))
@example("P")
@example("1ms1")
def test_any_text_is_a_duration_or_an_error_of_ours(text: str) -> None:
    message = ""
    try:
        assert parse_duration(text) % 100 == 0
    except TimeSyntaxError as error:
        message = str(error)
    assert message == "" or message.startswith("Failed to parse duration: ")


@given(st.one_of(st.text(max_size=30), st.text("0123456789:-/.TZ +ampPDJanuryMod,()", max_size=30)))
@example("5" * 5000)
@example("1e400")
@example("a" * 200 + " 1")
@example("\x00")
def test_any_text_is_a_time_or_an_error_of_ours(text: str) -> None:
    message = ""
    try:
        us = parse_datetime(text, now_us=NOW, local_tz=UTC)
        assert us % 1000 == 0
        assert MIN_TIME <= us <= MAX_TIME
    except TimeSyntaxError as error:
        message = str(error)
    assert message == "" or message.startswith("Failed to parse date/time: ")


@given(st.integers(MIN_TIME // 1000 + 1, MAX_TIME // 1000))
def test_what_the_api_writes_can_be_typed(ms: int) -> None:
    assert parse_datetime(rfc3339(ms * 1000), now_us=NOW, local_tz=UTC) == ms * 1000
