from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from kmsctl.errors import InvalidArgument
from kmsctl.model.times import MAX_TIME, MIN_TIME, duration_json, parse_rfc3339, rfc3339

TIMES = st.integers(MIN_TIME, MAX_TIME)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(TIMES)
@example(MIN_TIME)
@example(MAX_TIME)
@example(-1)
def test_a_time_reads_back_and_is_what_datetime_says(us: int) -> None:
    text = rfc3339(us)
    assert parse_rfc3339(text) == us
    assert datetime.fromisoformat(text) == EPOCH + timedelta(microseconds=us)
    assert len(text) in (20, 24, 27)


@given(TIMES, st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_an_offset_changes_the_text_and_not_the_time(us: int, minutes: int) -> None:
    try:
        local = (EPOCH + timedelta(microseconds=us)).astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return
    assert parse_rfc3339(local.isoformat(timespec="microseconds")) == us


@given(st.text("0123456789-+:.TZtz ", max_size=40))
@example("2030-01-02T03:04:05.Z")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        us = parse_rfc3339(text)
    except InvalidArgument:
        return
    assert MIN_TIME <= us <= MAX_TIME


@given(TIMES, TIMES)
def test_times_of_one_precision_sort_as_text(one: int, other: int) -> None:
    one, other = one // 10**6 * 10**6, other // 10**6 * 10**6
    assert (rfc3339(one) < rfc3339(other)) == (one < other)


@given(st.integers(-(10**18), 10**18))
def test_a_duration_holds_all_its_microseconds(us: int) -> None:
    text = duration_json(us)
    whole, _, fraction = text.removesuffix("s").lstrip("-").partition(".")
    assert int(whole) * 10**6 + int(fraction.ljust(6, "0")) == abs(us)
    assert text.startswith("-") == (us < 0)
    assert len(fraction) in (0, 3, 6)
