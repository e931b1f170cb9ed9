"""Tables."""

from __future__ import annotations

from itertools import islice

from kmsctl.render.columns import compile_columns
from kmsctl.render.sorting import sort_key
from kmsctl.render.table_layout import Layout
from kmsctl.render.values import cell_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from kmsctl.render.options import PrintOptions
    from kmsctl.render.paths import Getter
    from kmsctl.render.projection import Column, Projection

#: How many rows make a piece of the text.
_TOGETHER = 256


def print_table(records: Iterable[Any], projection: Projection, options: PrintOptions) -> Iterator[str]:
    """Yields a table, or one for each `page_size` records. Nothing is shown of an empty list."""
    table = _Table(projection, options)
    source = iter(records)
    first = True
    while True:
        page: list[Any] = []
        try:
            page.extend(islice(source, options.page_size))
        except Exception:
            yield from table.draw(page, title=first)  # extend() keeps what came before the failure
            raise
        if not page:
            return
        if not first:
            yield "\n"
        yield from table.draw(page, title=first)
        first = False


def in_pieces(
    projection: Projection, options: PrintOptions
) -> (
    tuple[Callable[[Iterable[Any]], list[list[str]]], Callable[[Iterable[list[list[str]]]], Iterator[str]]]
    | None
):
    """Returns what makes the cells of some records, and what makes a table of such cells.

    None if a table needs the records themselves: to sort them, or to show what is below a row.
    """
    table = _Table(projection, options)
    if options.page_size is not None or not table.is_flat:
        return None

    def draw(pieces: Iterable[list[list[str]]]) -> Iterator[str]:
        found: list[list[str]] = []
        try:
            for rows in pieces:
                found += rows
        except Exception:
            yield from table.draw_rows(found, title=True)
            raise
        yield from table.draw_rows(found, title=True)

    return lambda records: list(map(table.row, records)), draw


class _Table:
    """The columns of a table, compiled."""

    def __init__(self, projection: Projection, options: PrintOptions) -> None:
        self._projection = projection
        self._options = options
        columns = projection.columns
        getters = compile_columns(projection, columns)
        pairs = list(zip(columns, getters, strict=True))
        self._plain = [(column, get) for column, get in pairs if column.key.format is None]
        self._nested = [(column, get) for column, get in pairs if column.key.format is not None]
        sorters = [*columns, *projection.sorters]
        sorter_getters = [*getters, *compile_columns(projection, projection.sorters)]
        order = [
            (column.key.order, column.key.reverse, get)
            for column, get in zip(sorters, sorter_getters, strict=True)
            if column.key.order is not None
        ]
        self._order = sorted(order, key=lambda item: item[0] or 0)
        self._getters = [get for _, get in self._plain]

    @property
    def is_flat(self) -> bool:
        """Whether rows come in the order of the records, and have nothing below them."""
        return not self._order and not self._nested

    def row(self, record: Any) -> list[str]:
        """Returns the text of every cell."""
        row = [get(record) for get in self._getters]
        for index, value in enumerate(row):
            if type(value) is not str and not (self._options.colours and isinstance(value, str)):
                row[index] = cell_text(value)
        return row

    def draw(self, page: list[Any], *, title: bool) -> Iterator[str]:
        if not page:
            return
        for _, reverse, get in reversed(self._order):
            page.sort(key=_by(get), reverse=reverse)
        if not self._plain:
            for column, get in self._nested:
                yield from self._all_nested(page, column, get)
            return
        yield from self._draw(list(map(self.row, page)), page, title=title)

    def draw_rows(self, rows: list[list[str]], *, title: bool) -> Iterator[str]:
        """Yields a table of which only the cells are known."""
        if rows and self._plain:
            yield from self._draw(rows, (), title=title)

    def _draw(self, rows: list[list[str]], page: Sequence[Any], *, title: bool) -> Iterator[str]:
        shown = self._shown(rows)
        if not shown:
            return
        if len(shown) < len(self._plain):
            rows = [[row[index] for index in shown] for row in rows]
        columns = [self._plain[index][0] for index in shown]
        layout = self._layout(columns, title=title)
        heading = None
        if self._projection.attributes.get("heading") is not False:
            labels = [column.key.label or "" for column in columns]
            heading = labels if any(labels) else None
        if self._nested:
            yield from self._with_nested(layout, heading, rows, page)
        else:
            layout.together = _TOGETHER
            yield from layout.draw(heading, rows)

    def _shown(self, rows: Sequence[Sequence[str]]) -> list[int]:
        """Returns the columns to show: optional ones only if something is in them."""
        return [
            index
            for index, (column, _) in enumerate(self._plain)
            if not column.key.optional or any(row[index] for row in rows)
        ]

    def _layout(self, columns: Sequence[Column], *, title: bool) -> Layout:
        projection = self._projection
        layout = Layout([column.key.align for column in columns])
        layout.minimums = [column.key.width or 0 for column in columns]
        layout.wraps = [column.key.wrap for column in columns]
        layout.all_box = projection.flag("all-box")
        layout.box = layout.all_box or projection.flag("box")
        layout.pad = max(projection.number("pad", 2), 0)
        layout.title = projection.text("title", "") if title else ""
        layout.utf8 = self._options.utf8
        layout.colours = self._options.colours
        layout.width = self._options.width - projection.number("margin", 0)
        return layout

    def _all_nested(self, page: Sequence[Any], column: Column, get: Getter) -> Iterator[str]:
        """Shows a table of one formatted key: the values of all rows as one list."""
        values: list[Any] = []
        for record in page:
            value = get(record)
            values.extend(value if isinstance(value, list) else [value] if value else [])
        single = len(values) == 1 and not self._options.is_list
        yield from self._render(column, values, is_list=not single)

    def _with_nested(
        self,
        layout: Layout,
        heading: Sequence[str] | None,
        rows: Sequence[Sequence[str]],
        page: Sequence[Any],
    ) -> Iterator[str]:
        """Shows formatted keys below the row they belong to, indented."""
        lines = list(layout.draw(heading, rows))
        if layout.box or any("\n" in cell for row in rows for cell in row):
            yield from lines
            for record in page:
                yield from self._below(record)
            return
        start = len(lines) - len(rows)
        yield from lines[:start]
        for line, record in zip(lines[start:], page, strict=True):
            yield line
            yield from self._below(record)

    def _below(self, record: Any) -> Iterator[str]:
        for column, get in self._nested:
            value = get(record)
            if not value:
                continue
            values = value if isinstance(value, list) else [value]
            text = "".join(self._render(column, values, is_list=isinstance(value, list)))
            for line in text.splitlines():
                yield f"    {line}\n"

    def _render(self, column: Column, values: Sequence[Any], *, is_list: bool) -> Iterator[str]:
        from kmsctl.render.printers import print_nested

        return print_nested(values, column.key.format or "", self._options.nested(is_list=is_list))


def _by(get: Getter) -> Getter:
    return lambda record: sort_key(get(record))
