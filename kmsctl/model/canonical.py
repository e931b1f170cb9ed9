"""One unambiguous byte form for a sequence of values: what tags and bindings are computed over.

``n`` is None, ``i<decimal>;`` an integer, ``s<length>:<UTF-8>`` a text, ``b<length>:<bytes>`` bytes.
The form is prefix-free, so two different sequences never encode alike. docs/format.md has it too.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    Value: TypeAlias = int | str | bytes | None


def encode(values: Iterable[Value]) -> bytes:
    """Returns the canonical form of the values, in their order.

    Raises:
        InvalidArgument: if a text is none in Unicode, as what is typed in another encoding.
    """
    parts = []
    for value in values:
        if value is None:
            parts.append(b"n")
        elif isinstance(value, int):
            parts.append(b"i%d;" % value)
        elif isinstance(value, str):
            try:
                text = value.encode()
            except UnicodeEncodeError:
                raise InvalidArgument("A text that is to be kept is not valid UTF-8.") from None
            parts.append(b"s%d:%b" % (len(text), text))
        else:
            parts.append(b"b%d:%b" % (len(value), value))
    return b"".join(parts)


def encode_rows(first: int, columns: Sequence[Sequence[Value]]) -> Iterable[bytes]:
    """Returns the canonical form of ``(first, *row)`` for many rows, which are given by their columns.

    What a column has in every row is put in form once, and each row is then made by one formatting.

    Raises:
        TypeError: as `encode`, for a value of another type; perhaps only when the forms are asked for.
    """
    form = [encode((first,))]
    varying: list[Iterable[Value]] = []
    for column in columns:
        if _is_one(column):
            form.append(encode(column[:1]).replace(b"%", b"%%"))
            continue
        kinds = set(map(type, column))
        kind = kinds.pop()
        if kinds:
            form.append(b"%b")
            varying.append([encode((value,)) for value in column])
        elif kind is int:
            form.append(b"i%d;")
            varying.append(column)
        else:
            values = [value.encode() for value in column] if kind is str else column  # type: ignore[union-attr]
            form.append(b"s%d:%b" if kind is str else b"b%d:%b")
            varying += map(len, values), values  # type: ignore[arg-type]  # texts, or what has no length
    rows = zip(*varying, strict=True) if varying else [()] * len(columns[0])
    return map(b"".join(form).__mod__, rows)


def _is_one(column: Sequence[Value]) -> bool:
    """Tells whether a column has the same value in every row, of the same type."""
    value = column[0]
    if column.count(value) < len(column):
        return False
    # Of what is equal, only numbers may differ in type: a float among integers makes their sum a float.
    return type(value) is not int or type(sum(column)) is int  # type: ignore[arg-type]
