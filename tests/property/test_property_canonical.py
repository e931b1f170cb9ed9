from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kmsctl.errors import InvalidArgument
from kmsctl.model.canonical import encode, encode_rows

if TYPE_CHECKING:
    from kmsctl.model.canonical import Value

VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.text(st.characters(codec="utf-8")),
    st.binary(),
    st.sampled_from([b"i1;", "n"]),
)
SEQUENCES = st.lists(VALUES, max_size=6).map(tuple)


def decode(data: bytes) -> tuple[Value, ...]:
    """Reads the canonical form back: that it can be read is what makes it unambiguous."""
    values: list[Value] = []
    while data:
        kind, data = data[:1], data[1:]
        if kind == b"n":
            values.append(None)
            continue
        number, data = data.split(b";" if kind == b"i" else b":", 1)
        if kind == b"i":
            values.append(int(number))
            continue
        part, data = data[: int(number)], data[int(number) :]
        values.append(part.decode() if kind == b"s" else part)
    return tuple(values)


@given(SEQUENCES)
def test_the_canonical_form_reads_back(values: tuple[Value, ...]) -> None:
    read = decode(encode(values))
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


@given(SEQUENCES, SEQUENCES)
@example(("a", "b"), ("ab",))
@example((1, 2), (12,))
@example(("1",), (1,))
@example((b"a",), ("a",))
@example((None,), ("",))
@example((), ("",))
@example((-1,), (1,))
@example(("s1:a",), ("a", "a"))
def test_different_values_never_encode_alike(one: tuple[Value, ...], other: tuple[Value, ...]) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@given(SEQUENCES, SEQUENCES)
def test_no_form_is_the_beginning_of_another_of_the_same_length(
    one: tuple[Value, ...], other: tuple[Value, ...]
) -> None:
    if len(one) == len(other) and one != other:
        assert not encode(other).startswith(encode(one))


@pytest.mark.parametrize("value", [1.5, 1.0, float("nan")])
def test_a_value_of_another_type_is_refused(value: float) -> None:
    with pytest.raises(TypeError):
        encode((value,))  # type: ignore[arg-type]


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[Value, ...]]:
    """Rows of the same width, whose columns have few different values or many, of one type or several."""
    count = draw(st.integers(1, 5))
    kinds = st.sampled_from(
        [VALUES, st.integers(), st.integers(0, 1), st.text(max_size=2), st.binary(max_size=2)]
    )
    columns = draw(
        st.lists(kinds.flatmap(lambda kind: st.lists(kind, min_size=count, max_size=count)), min_size=1)
    )
    return list(zip(*columns, strict=True))


@given(st.integers(), tables())
@example(1, [("%s", b"%d"), ("%s", b"%d")])
@example(1, [(1, None), (True, None)])
def test_many_rows_have_the_forms_that_each_has(first: int, rows: list[tuple[Value, ...]]) -> None:
    columns = list(zip(*rows, strict=True))
    assert list(encode_rows(first, columns)) == [encode((first, *row)) for row in rows]


@pytest.mark.parametrize("column", [(1.5, 1.5), (1.5, 2.5), (1, 1.0), (1.0, 1), (None, 1.0), (1.0, "1")])
@pytest.mark.parametrize("beside", [(1, 1), (1, 2)])
def test_a_value_of_another_type_is_refused_among_many(
    column: tuple[Value, ...], beside: tuple[Value, ...]
) -> None:
    with pytest.raises(TypeError):
        list(encode_rows(1, [beside, column, beside]))


def test_a_text_in_another_encoding_has_no_form() -> None:
    with pytest.raises(InvalidArgument, match="not valid UTF-8"):
        encode(("a", "\udcff"))
