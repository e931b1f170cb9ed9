"""Tables as lines of text: plain columns, or boxes.

The layout is done here and not by tabulate: tabulate needs another package for wide characters,
takes seconds for the rows of a large key ring, and cannot centre headings over left-aligned columns.
"""

from __future__ import annotations

from kmsctl.render.text_width import align, display_width, wrap_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UTF8 = ("─", "│", "┌┬┐", "├┼┤", "└┴┘", "├┬┤")
_ASCII = ("-", "|", "+++", "+++", "+++", "+++")


class Layout:
    """How one table is drawn.

    Attributes:
        alignments: of each column.
        minimums: least widths, 0 where there is none.
        wraps: least widths of the columns that may be wrapped, None for the others.
        pad: spaces between plain columns.
        box, all_box: whether there are lines around the table, and between its rows.
        title: a line above, or empty.
        together: how many rows are drawn together, if they are plain to draw.
        utf8: whether lines are drawn with box-drawing characters.
        colours: whether headings and states have colours.
        width: the terminal's width less a margin, for wrapping.
    """

    __slots__ = (
        "alignments",
        "all_box",
        "box",
        "colours",
        "minimums",
        "pad",
        "title",
        "together",
        "utf8",
        "width",
        "wraps",
    )

    def __init__(self, alignments: Sequence[str]) -> None:
        self.alignments = alignments
        self.minimums: Sequence[int] = [0] * len(alignments)
        self.wraps: Sequence[int | None] = [None] * len(alignments)
        self.pad = 2
        self.box = False
        self.all_box = False
        self.title = ""
        self.together = 1
        self.utf8 = True
        self.colours = False
        self.width = 80

    def draw(self, heading: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> Iterator[str]:
        """Yields the lines, each with its newline."""
        widths = self._widths(heading, rows)
        if self.box:
            yield from self._draw_box(heading, rows, widths)
        else:
            yield from self._draw_plain(heading, rows, widths)

    def _widths(self, heading: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> list[int]:
        lines = rows if heading is None else [heading, *rows]
        widths = [
            max(minimum, _column_width(cells))
            for minimum, cells in zip(self.minimums, zip(*lines, strict=True), strict=True)
        ]
        self._fit(widths)
        count = len(widths)
        title = display_width(self.title)
        if title > sum(widths):
            extra = -(-title // count)
            widths = [width + extra for width in widths]
        return widths

    def _total(self, widths: Sequence[int]) -> int:
        """Returns the width of a line between its borders."""
        if self.box:
            return sum(widths) + 3 * len(widths) - 1
        return sum(widths) + self.pad * (len(widths) - 1)

    def _fit(self, widths: list[int]) -> None:
        """Narrows wrapped columns until the table fits, if it does not."""
        wrapped = [index for index, least in enumerate(self.wraps) if least is not None]
        if not wrapped:
            return
        total = self._total(widths) + (2 if self.box else 0)
        if total <= self.width:
            return
        free = self.width - total + sum(widths[index] for index in wrapped)
        for index in wrapped:
            widths[index] = max(free // len(wrapped), min(widths[index], self.wraps[index] or 0))

    def _split(self, row: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
        """Returns the cells of `row` as lists of lines, all of the same length."""
        columns: list[list[str]] = []
        for index, cell in enumerate(row):
            lines = cell.split("\n") if "\n" in cell else [cell]
            if len(lines) > 1 and not lines[-1]:
                lines.pop()
            if self.wraps[index] is not None:
                lines = [piece for line in lines for piece in wrap_line(line, widths[index])]
            columns.append(lines)
        height = max(map(len, columns))
        return [lines + [""] * (height - len(lines)) for lines in columns]

    def _lines(self, row: Sequence[str], widths: Sequence[int]) -> Iterator[list[str]]:
        """Yields the cells of each line that `row` takes, aligned."""
        if "\n" not in "".join(row) and all(least is None for least in self.wraps):
            aligned = [align(*cell) for cell in zip(row, widths, self.alignments, strict=True)]
            yield self._painted(row, aligned) if self.colours else aligned
            return
        for cells in zip(*self._split(row, widths), strict=True):
            yield [align(*cell) for cell in zip(cells, widths, self.alignments, strict=True)]

    def _draw_plain(
        self, heading: Sequence[str] | None, rows: Sequence[Sequence[str]], widths: Sequence[int]
    ) -> Iterator[str]:
        if self.title:
            yield align(self.title, self._total(widths), "center").rstrip() + "\n"
        gap = " " * self.pad
        if heading is not None:
            for cells in self._heading_lines(heading, widths, self.alignments):
                yield gap.join(cells).rstrip() + "\n"
        template = self._template(widths, gap)
        for start in range(0, len(rows), self.together):
            some = rows[start : start + self.together]
            joined = "".join(map("".join, some))
            if template and joined.isascii() and "\n" not in joined:
                yield "".join([(template % tuple(row)).rstrip() + "\n" for row in some])
                continue
            for row in some:
                for cells in self._lines(row, widths):
                    yield gap.join(cells).rstrip() + "\n"

    def _painted(self, row: Sequence[str], padded: Sequence[str]) -> list[str]:
        from kmsctl.render.colours import painted

        return list(map(painted, row, padded))

    def _heading_lines(
        self, heading: Sequence[str], widths: Sequence[int], alignments: Sequence[str]
    ) -> Iterator[list[str]]:
        """Yields the cells of each line that the heading takes, aligned."""
        for labels in zip(*self._split(heading, widths), strict=True):
            padded = [align(*cell) for cell in zip(labels, widths, alignments, strict=True)]
            if self.colours:
                from kmsctl.render.colours import headed

                padded = list(map(headed, labels, padded))
            yield padded

    def _template(self, widths: Sequence[int], gap: str) -> str:
        """Makes a %-format of a row, which is fast; empty where cells need more than padding."""
        if self.colours or any(least is not None for least in self.wraps) or "center" in self.alignments:
            return ""
        return gap.join(
            f"%{'' if alignment == 'right' else '-'}{width}s"
            for width, alignment in zip(widths, self.alignments, strict=True)
        )

    def _draw_box(
        self, heading: Sequence[str] | None, rows: Sequence[Sequence[str]], widths: Sequence[int]
    ) -> Iterator[str]:
        dash, bar, top, middle, bottom, below_title = _UTF8 if self.utf8 else _ASCII

        def rule(corners: str) -> str:
            segments = [dash * (width + 2) for width in widths]
            return corners[0] + corners[1].join(segments) + corners[2] + "\n"

        def line(cells: Sequence[str]) -> str:
            return f"{bar} {f' {bar} '.join(cells)} {bar}\n"

        if self.title:
            total = self._total(widths)
            yield top[0] + dash * total + top[2] + "\n"
            yield bar + align(self.title, total, "center") + bar + "\n"
        yield rule(below_title if self.title else top)
        if heading is not None:
            for cells in self._heading_lines(heading, widths, ["center"] * len(widths)):
                yield line(cells)
            yield rule(middle)
        for number, row in enumerate(rows):
            if number and self.all_box:
                yield rule(middle)
            for cells in self._lines(row, widths):
                yield line(cells)
        yield rule(bottom)


def _column_width(cells: Sequence[str]) -> int:
    joined = "".join(cells)
    if joined.isascii() and "\n" not in joined:
        return max(map(len, cells))
    return max(display_width(line) for cell in cells for line in cell.split("\n"))
