"""From a command's resources to the text on stdout: the one entry that commands call."""

from __future__ import annotations

from kmsctl.render.options import PrintOptions
from kmsctl.render.printers import find_printer
from kmsctl.render.projection_parser import parse_format
from kmsctl.render.transforms import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from kmsctl.render.filters import Filter
    from kmsctl.render.projection import Projection


class Output:
    """The text of a command's resources, in pieces, each as soon as it can be known.

    Iterate once. Afterwards `count` and `warnings` are complete.

    Attributes:
        count: how many resources were shown.
    """

    __slots__ = ("_chunks", "_filter", "count")

    def __init__(self) -> None:
        self.count = 0
        self._filter: Filter | None = None
        self._chunks: Iterator[str] = iter(())

    def __iter__(self) -> Iterator[str]:
        return self._chunks

    @property
    def warnings(self) -> list[str]:
        """Sentences for stderr about the filter, without a prefix."""
        return [] if self._filter is None else self._filter.warnings()


def render(  # noqa: PLR0913  # one keyword per flag of the command line
    resources: Iterable[Any],
    *,
    default_format: str,
    format: str | None = None,  # noqa: A002  # the flags' own names
    is_list: bool = True,
    filter: str | None = None,  # noqa: A002
    sort_by: Sequence[str] = (),
    flatten: Sequence[str] = (),
    limit: int | None = None,
    page_size: int | None = None,
    uri: bool = False,
    uri_of: Callable[[Any], str | None] | None = None,
    flags: Mapping[str, Any] | None = None,
    width: int = 80,
    utf8: bool = True,
) -> Output:
    """Parses what was asked for, and returns the text of `resources`.

    Args:
        resources: JSON values; consumed lazily by json, yaml, value, csv, list and text, unless
            they are sorted. A command with one resource passes a sequence of one.
        default_format: the command's own format expression.
        format: the value of ``--format``; it is appended to the default, so the default's labels,
            aliases and transforms stay in force. None or empty for the default alone.
        is_list: whether the command lists.
        filter: the value of ``--filter``.
        sort_by: the keys of ``--sort-by``, ``~key`` for descending.
        flatten: the keys of ``--flatten``.
        limit: how many resources are shown at most, after filter and sort.
        page_size: how many rows make a table of their own.
        uri: whether the URIs of the resources are shown instead of them.
        uri_of: returns the URI of a resource, for `uri` and the ``uri()`` transform.
        flags: the command's flags with underscores in their names, for the ``if()`` transform.
        width: the terminal's width, to which columns marked ``wrap`` are fitted.
        utf8: whether the output can hold box-drawing characters.

    Raises:
        RenderError: if an expression is malformed or cannot be carried out. Only what depends on
            the resources (an operand that is no date, say) is raised while iterating.
    """
    scope = Scope(flags=flags, uri=uri_of)
    base = f"{default_format} value(.)" if uri and not format else default_format
    expression = " ".join(part for part in (base, format, _sort_keys(sort_by)) if part)
    projection = parse_format(expression, scope)
    printer = find_printer(projection)
    output = Output()
    if flatten:
        from kmsctl.render.flattening import flatten_records

        resources = flatten_records(resources, flatten)
    if filter and not filter.isspace():
        from kmsctl.render.filters import parse_filter

        output._filter = parse_filter(filter, scope.with_aliases(projection.aliases))  # noqa: SLF001  # its own module
        resources = _passing(resources, output._filter)  # noqa: SLF001
    if sort_by:
        from kmsctl.render.flattening import sort_records

        resources = sort_records(resources, sort_by)
    if limit is not None:
        from itertools import islice

        resources = islice(resources, limit)
    if uri:
        resources = ((uri_of(record) if uri_of else None) for record in resources)
        resources = (found for found in resources if found is not None)
    options = PrintOptions(is_list=is_list, scope=scope, page_size=page_size, width=width, utf8=utf8)
    output._chunks = printer(_counted(resources, output), projection, options)  # noqa: SLF001
    return output


def _sort_keys(keys: Sequence[str]) -> str:
    """Returns the sort keys as attributes for the printer: tables sort by what they show."""
    shown = [
        f"{key.removeprefix('~')}:sort={number}{':reverse' if key.startswith('~') else ''}"
        for number, key in enumerate((key.strip() for key in keys), start=1)
        if key.removeprefix("~")
    ]
    return f":({','.join(shown)})" if shown else ""


def _passing(records: Iterable[Any], found: Filter) -> Iterator[Any]:
    for record in records:
        found.observe(record)
        if found.matches(record):
            yield record


def _counted(records: Iterable[Any], output: Output) -> Iterator[Any]:
    for record in records:
        output.count += 1
        yield record


__all__ = ["Output", "render"]
