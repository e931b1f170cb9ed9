from __future__ import annotations

import json
import os
import time
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from dateutil import tz

from kmsctl.model.durations import TimeSyntaxError, check_range, parse_datetime, parse_duration
from kmsctl.model.times import DAY, SECOND, duration_json, parse_rfc3339, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS = Path(__file__).parents[2] / "vectors" / "model"
DURATIONS = json.loads((VECTORS / "durations.json").read_text("utf-8"))["rows"]
DATETIMES = json.loads((VECTORS / "datetimes.json").read_text("utf-8"))["rows"]
BOUNDS = {"rotation_period": ("1d", None), "destroy_scheduled_duration": ("0", "120d")}
NOW = parse_rfc3339("2030-01-02T03:04:05.678Z")


@pytest.mark.parametrize("row", DURATIONS, ids=lambda row: row["text"] or "empty")
@pytest.mark.parametrize("flag", BOUNDS)
def test_durations_are_read_as_gcloud_reads_them(flag: str, row: dict[str, Any]) -> None:
    expected = row.get("kmsctl", {}).get(flag, row[flag])
    lower, upper = BOUNDS[flag]
    error, value = None, 0
    try:
        value = check_range(parse_duration(row["text"]), lower, upper, received=row["text"])
    except TimeSyntaxError as caught:
        error = str(caught)
    assert error == expected.get("error")
    assert Decimal(duration_json(value)[:-1]) == Decimal(expected.get("sent", "0s")[:-1])


@pytest.fixture
def local_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("local_zone", "row"),
    [pytest.param(row["zone"], row, id=f"{row['zone']}-{row['text']}") for row in DATETIMES],
    indirect=["local_zone"],
)
@pytest.mark.usefixtures("local_zone")
def test_times_are_read_as_gcloud_reads_them(row: dict[str, Any]) -> None:
    expected = row.get("kmsctl", row)
    if "sent" in expected:
        earliest = parse_datetime(row["text"], now_us=row["before"])
        latest = parse_datetime(row["text"], now_us=row["after"])
        assert earliest <= parse_rfc3339(expected["sent"]) <= latest
        return
    with pytest.raises(TimeSyntaxError) as caught:
        parse_datetime(row["text"], now_us=row["before"])
    if "Unknown" in expected["error"]:
        assert str(caught.value) == expected["error"]
    else:  # the middle is the standard library's, which words it differently by version
        assert str(caught.value).startswith("Failed to parse date/time: ")
        assert str(caught.value).endswith(expected["error"].rpartition("; ")[2])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P1M", "2629744s"),
        ("p1m", "2629744s"),
        ("1m", "60s"),
        ("PT1M", "60s"),
        ("P1M1M", "2629804s"),
        ("P1H1M", "3660s"),
        ("P1D1M", "2716144s"),
        ("1y", "31556926s"),
        ("365d", "31536000s"),
        ("366d", "31556926s"),
        ("367d", "31643326s"),
        ("-365d", "-31536000s"),
        ("-366d", "-31556926s"),
        ("999999d", "86399905081s"),
        ("0.5h", "1800s"),
        ("1,5h", "5400s"),
        ("-1.5s", "-1.500s"),
        ("1.00004s", "1.000s"),
        ("1.00006s", "1.000100s"),
        ("100us", "0.000100s"),
        ("99us", "0.000100s"),
        ("49us", "0s"),
    ],
)
def test_the_calendar_and_fractions(text: str, expected: str) -> None:
    assert Decimal(duration_json(parse_duration(text))[:-1]) == Decimal(expected[:-1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1T2T", "Number '1' must be followed by a unit"),
        ("PT1HT1M", "A duration may contain at most one 'T' separator"),
        ("1.2.3d", "could not convert string to float: '1.2.3'"),
        ("Pß", "Duration unit 'ß' must be preceded by a number"),
        ("1é", "Unknown character 'É' in duration"),
        ("9" * 400 + "d", "cannot convert float infinity to integer"),
        ("+-1d", "Duration unit '-1d' must be preceded by a number"),
        ("--1", "Duration unit '-1' must be preceded by a number"),
    ],
)
def test_what_is_no_duration_says_why(text: str, message: str) -> None:
    with pytest.raises(TimeSyntaxError) as caught:
        parse_duration(text)
    assert str(caught.value) == f"Failed to parse duration: {message}"


@pytest.mark.parametrize(
    ("value", "lower", "upper", "message"),
    [
        (DAY, "1d", "120d", None),
        (120 * DAY, "1d", "120d", None),
        (-5, None, None, None),
        (DAY - 1, "1d", None, "value must be greater than or equal to 1d; received: TEXT"),
        (120 * DAY + 1, None, "120d", "value must be less than or equal to 120d; received: TEXT"),
        (-SECOND, "0", None, "value must be greater than or equal to 0; received: TEXT"),
    ],
)
def test_bounds_are_inclusive(value: int, lower: str | None, upper: str | None, message: str | None) -> None:
    if message is None:
        assert check_range(value, lower, upper, received="TEXT") == value
        return
    with pytest.raises(TimeSyntaxError) as caught:
        check_range(value, lower, upper, received="TEXT")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P1D", "2030-01-03T03:04:05.678Z"),
        ("-P1D", "2030-01-01T03:04:05.678Z"),
        ("P1M", "2030-02-02T03:04:05.678Z"),
        ("-P1M", "2029-12-02T03:04:05.678Z"),
        ("P29D", "2030-01-31T03:04:05.678Z"),
        ("P30D", "2030-02-01T03:04:05.678Z"),
        ("P366D", "2031-01-02T03:04:05.678Z"),
        ("-P3Y", "2027-01-02T03:04:05.678Z"),
        ("PT36H", "2030-01-03T15:04:05.678Z"),
        ("P1Y2M3DT4H5M6.5S", "2031-03-05T07:09:12.178Z"),
        ("2w", "2030-01-16T03:04:05.678Z"),
        ("12:30", "2030-01-02T12:30:00Z"),
        ("2030", "2030-01-02T00:00:00Z"),
    ],
)
def test_relative_times_and_missing_parts_count_from_now(text: str, expected: str) -> None:
    assert rfc3339(parse_datetime(text, now_us=NOW, local_tz=UTC)) == expected


def test_a_month_without_that_day_overflows_into_the_next() -> None:
    now = parse_rfc3339("2030-01-31T12:00:00Z")
    assert rfc3339(parse_datetime("P1M", now_us=now, local_tz=UTC)) == "2030-03-03T12:00:00Z"


def test_days_keep_the_clock_on_the_wall_over_daylight_saving() -> None:
    now = parse_rfc3339("2030-03-09T12:00:00-05:00")
    new_york = tz.gettz("America/New_York")
    assert rfc3339(parse_datetime("P1D", now_us=now, local_tz=new_york)) == "2030-03-10T16:00:00Z"


def test_local_time_is_used_only_where_no_zone_is_named() -> None:
    east = timezone(timedelta(hours=3))
    for text, expected in [
        ("2030-06-01 12:00", "2030-06-01T09:00:00Z"),
        ("2030-06-01 12:00Z", "2030-06-01T12:00:00Z"),
        ("2030-06-01 12:00+00:00", "2030-06-01T12:00:00Z"),
        ("2030-06-01 12:00 GMT", "2030-06-01T12:00:00Z"),
        ("2030-06-01 12:00 -02:00", "2030-06-01T14:00:00Z"),
        ("2030-06-01 12:00 JST", "2030-06-01T03:00:00Z"),
        ("2030-06-01 12:00 Europe/Paris", "2030-06-01T10:00:00Z"),
        ("2030-06-01 cest", "2030-05-31T22:00:00Z"),
    ]:
        assert rfc3339(parse_datetime(text, now_us=NOW, local_tz=east)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2030-01-01T00:00:00.1234Z", "2030-01-01T00:00:00.123Z"),
        ("2030-01-01T00:00:00.1235Z", "2030-01-01T00:00:00.124Z"),
        ("2030-01-01T00:00:00.9995Z", "2030-01-01T00:00:00.999Z"),
        ("1960-01-01T00:00:00.0005Z", "1960-01-01T00:00:00.001Z"),
    ],
)
def test_times_have_milliseconds(text: str, expected: str) -> None:
    assert rfc3339(parse_datetime(text, now_us=NOW)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "String does not contain a date: ; received empty string"),
        ("now", "Unknown string format: now; received: now"),
        ("tomorrow", "Unknown string format: tomorrow; received: tomorrow"),
        ("2030-01-01 12:00 XYZ", "Unknown time zone 'XYZ'; received: 2030-01-01 12:00 XYZ"),
        ("2030-01-01 12:00 +085:30", "Time zone offset out of range; received: 2030-01-01 12:00 +085:30"),
        ("2030-01-01 12:00 UTC-24", "Time zone offset out of range; received: 2030-01-01 12:00 UTC-24"),
    ],
)
def test_what_is_no_time_says_why(text: str, message: str) -> None:
    with pytest.raises(TimeSyntaxError) as caught:
        parse_datetime(text, now_us=NOW, local_tz=UTC)
    assert str(caught.value) == f"Failed to parse date/time: {message}"


@pytest.mark.parametrize(
    "text",
    ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "+9000y", "2030-01-01 /etc/localtime"],
)
def test_times_out_of_range_and_paths_as_zones_are_refused(text: str) -> None:
    with pytest.raises(TimeSyntaxError):
        parse_datetime(text, now_us=NOW, local_tz=UTC)
