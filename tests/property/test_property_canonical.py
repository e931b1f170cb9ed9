from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kmsctl.model.canonical import encode

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
