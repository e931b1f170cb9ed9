from __future__ import annotations

import time

import pytest

from kmsctl.errors import InvalidArgument
from kmsctl.model.times import (
    MAX_TIME,
    MIN_TIME,
    duration_json,
    now_us,
    parse_rfc3339,
    rfc3339,
)

TIMES = [
    (0, "1970-01-01T00:00:00Z"),
    (1, "1970-01-01T00:00:00.000001Z"),
    (1_000, "1970-01-01T00:00:00.001Z"),
    (500_000, "1970-01-01T00:00:00.500Z"),
    (-1, "1969-12-31T23:59:59.999999Z"),
    (-1_000_000, "1969-12-31T23:59:59Z"),
    (951_782_400_000_000, "2000-02-29T00:00:00Z"),
    (1_893_456_000_000_000, "2030-01-01T00:00:00Z"),
    (-2_203_891_200_000_000, "1900-03-01T00:00:00Z"),
    (MIN_TIME, "0001-01-01T00:00:00Z"),
    (MAX_TIME, "9999-12-31T23:59:59.999999Z"),
]


@pytest.mark.parametrize(("us", "text"), TIMES)
def test_times_are_written_and_read_as_proto3_json(us: int, text: str) -> None:
    assert rfc3339(us) == text
    assert parse_rfc3339(text) == us


@pytest.mark.parametrize("us", [MIN_TIME - 1, MAX_TIME + 1])
def test_a_time_outside_the_years_1_to_9999_is_not_written(us: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        rfc3339(us)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2030-01-02T03:04:05+00:00", "2030-01-02T03:04:05Z"),
        ("2030-01-02T03:04:05-00:00", "2030-01-02T03:04:05Z"),
        ("2030-01-02t03:04:05z", "2030-01-02T03:04:05Z"),
        ("2030-01-02T03:04:05+05:30", "2030-01-01T21:34:05Z"),
        ("2030-01-01T23:04:05-23:59", "2030-01-02T23:03:05Z"),
        ("2030-01-02T03:04:05.5Z", "2030-01-02T03:04:05.500Z"),
        ("2030-01-02T03:04:05.123456789Z", "2030-01-02T03:04:05.123456Z"),
        ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
    ],
)
def test_every_form_of_rfc3339_is_read(text: str, same: str) -> None:
    assert rfc3339(parse_rfc3339(text)) == same


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2030-01-02",
        "2030-01-02 03:04:05Z",
        "2030-01-02T03:04:05",
        "2030-01-02T03:04Z",
        "2030-01-02T03:04:05.Z",
        "2030-01-02T03:04:05.1234567890Z",
        "2030-01-02T03:04:05,5Z",
        "2030-01-02T03:04:05+01",
        "2030-01-02T03:04:05+0100",
        "2030-01-02T03:04:05+24:00",
        "2030-01-02T03:04:05+00:60",
        "2030-01-02T03:04:05+1:000",
        "2030-01-02T03:04:05 01:00",
        "2030-01-02T03:04:05Z ",
        " 2030-01-02T03:04:05Z",
        "2030-01-02T24:00:00Z",
        "2030-01-02T03:60:00Z",
        "2030-06-30T23:59:60Z",
        "2030-00-02T03:04:05Z",
        "2030-13-02T03:04:05Z",
        "2030-01-00T03:04:05Z",
        "2030-01-32T03:04:05Z",
        "2030-02-29T03:04:05Z",
        "1900-02-29T03:04:05Z",
        "0000-01-02T03:04:05Z",
        "+030-01-02T03:04:05Z",
        "12030-01-02T03:04:05Z",
        "2030-01-02T-3:04:05Z",
        "2030/01/02T03:04:05Z",
        "٢٠٣٠-01-02T03:04:05Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0s"),
        (2_592_000_000_000, "2592000s"),
        (500_000, "0.500s"),
        (1_000_001, "1.000001s"),
        (-500_000, "-0.500s"),
        (-1_500_000, "-1.500s"),
    ],
)
def test_durations_are_written_as_proto3_json(us: int, text: str) -> None:
    assert duration_json(us) == text


def test_now_is_the_system_clock_in_microseconds() -> None:
    before = time.time_ns() // 1000
    now = now_us()
    assert before <= now <= time.time_ns() // 1000
