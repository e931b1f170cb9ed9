"""How many terminal columns text takes."""

from __future__ import annotations


def display_width(text: str) -> int:
    """Returns the columns of `text`: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, combining, east_asian_width

    width = 0
    for character in text:
        if east_asian_width(character) in "WF":
            width += 2
        elif not combining(character) and category(character) != "Cf":
            width += 1
    return width


def align(text: str, width: int, alignment: str) -> str:
    """Pads `text` to `width` columns: ``left``, ``right`` or ``center``."""
    missing = width - display_width(text)
    if missing <= 0:
        return text
    if alignment == "left":
        return text + " " * missing
    if alignment == "right":
        return " " * missing + text
    before = missing // 2 + (missing & width & 1)
    return " " * before + text + " " * (missing - before)


def wrap_line(text: str, width: int) -> list[str]:
    """Splits one line into pieces of at most `width` columns, at spaces where there are some."""
    lines: list[str] = []
    while display_width(text) > width:
        end = _fitting(text, width)
        space = text.rfind(" ", 0, end + 1)
        if space > 0:
            lines.append(text[:space])
            text = text[space + 1 :]
        else:
            lines.append(text[:end])
            text = text[end:]
    lines.append(text)
    return lines


def _fitting(text: str, width: int) -> int:
    """Returns how many characters of `text` fit into `width` columns, at least one."""
    used = 0
    for index, character in enumerate(text):
        used += display_width(character)
        if used > width:
            return max(index, 1)
    return len(text)
