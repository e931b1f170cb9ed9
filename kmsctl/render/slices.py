"""Slices written as text, such as ``1:-1``."""

from __future__ import annotations


def parse_slice(text: str) -> slice | None:
    """Parses ``start:stop:step`` with any part left out, or one index; None if it is neither."""
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 3:
        return None
    try:
        numbers = [int(part) if part else None for part in parts]
    except ValueError:
        return None
    if len(numbers) == 1:
        index = numbers[0]
        if index is None:
            return None
        return slice(index, index + 1 or None)
    if len(numbers) == 3 and numbers[2] == 0:
        return None
    return slice(*numbers)
