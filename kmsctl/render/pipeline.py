"""From a command's resources to the text on stdout: the one entry that commands call."""

from __future__ import annotations

from kmsctl.render.options import PrintOptions
from kmsctl.render.printers import find_pieces, find_printer
from kmsctl.render.projection_parser import parse_format
from kmsctl.render.transforms import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from kmsctl.render.filters import Filter
    from kmsctl.render.paths import Path
    from kmsctl.render.printers import Printer
    from kmsctl.render.projection import Projection

    #: Tells whether a record is wanted, of which only some fields are known.
    Keep = Callable[[Any], bool]


class Source:
    """The records of a list, of which some fields can be had without reading the rest.

    Attributes:
        every: returns all records.
        sifted: returns those records that a test keeps; it is asked with records that have the fields
            `known` and nothing else, once for each record, in order.
        known: paths of these fields; what is below them is known too. What such a record does not
            have there, the whole record does not have either.
        worked: returns what a function makes of all records, of some at a time: what ends in texts and
            numbers. It may be called in other processes, so it must need nothing but the records. None if
            there is no such way.
    """

    __slots__ = ("every", "known", "sifted", "worked")

    def __init__(
        self,
        every: Callable[[], Iterator[Any]],
        sifted: Callable[[Keep], Iterator[Any]],
        known: tuple[Path, ...],
        worked: Callable[[Callable[[Iterable[Any]], Any]], Iterator[Any]] | None = None,
    ) -> None:
        self.every = every
        self.sifted = sifted
        self.known = known
        self.worked = worked


class Output:
    """The text of a command's resources, in pieces, each as soon as it can be known.

    It can be iterated once. Afterwards `count` and `warnings` are complete.

    Attributes:
        count: how many resources were shown.
        pages: whether it is for a pager, if there is one: tables of lists, unless the format has
            ``[no-pager]``, and whatever has ``[pager]``.
    """

    __slots__ = ("_chunks", "_filter", "_source", "count", "pages")

    def __init__(
        self,
        resources: Iterable[Any],
        printer: Printer,
        projection: Projection,
        options: PrintOptions,
        parsed_filter: Filter | None,
        source: Source | None,
    ) -> None:
        """Prepares the text of `resources`."""
        self.count = 0
        self._filter = parsed_filter
        self._source = source
        wanted = projection.attributes.get("pager")
        self.pages = options.is_list and projection.name == "table" if wanted is None else bool(wanted)
        self._chunks = printer(self._counted(resources), projection, options)

    @classmethod
    def in_pieces(
        cls,
        pieces: Iterable[tuple[int, Any]],
        join: Callable[[Iterable[Any]], Iterator[str]],
        projection: Projection,
        options: PrintOptions,
    ) -> Output:
        """Prepares the text of what was made of records elsewhere: of how many, and what."""
        output = cls((), lambda *_: iter(()), projection, options, None, None)

        def counted() -> Iterator[Any]:
            for count, piece in pieces:
                output.count += count
                yield piece

        output._chunks = join(counted())
        return output

    def __iter__(self) -> Iterator[str]:
        return self._chunks

    @property
    def warnings(self) -> list[str]:
        """What there is to say about the filter on stderr: sentences without a prefix."""
        if self._filter is None:
            return []
        if self._source is not None and self._filter.misses_keys():
            # They may be in what was not read.
            for resource in self._source.every():
                self._filter.observe(resource)
                if not self._filter.misses_keys():
                    break
        return self._filter.warnings()

    def _counted(self, resources: Iterable[Any]) -> Iterator[Any]:
        for resource in resources:
            self.count += 1
            yield resource


def render(  # noqa: PLR0913  # one keyword per flag of the command line
    resources: Iterable[Any] | Source,
    *,
    default_format: str,
    format_expression: str | None = None,
    is_list: bool = True,
    filter_expression: str | None = None,
    sort_by: Sequence[str] = (),
    flatten: Sequence[str] = (),
    limit: int | None = None,
    page_size: int | None = None,
    uri: bool = False,
    uri_of: Callable[[Any], str | None] | None = None,
    flags: Mapping[str, Any] | None = None,
    width: int = 80,
    utf8: bool = True,
    colours: bool = False,
) -> Output:
    """Parses what was asked for, and returns the text of `resources`.

    Args:
        resources: JSON values, or where they come from. json, yaml, value, csv, text and list
            consume them one by one, unless they are sorted. A command with one resource passes a
            sequence of one.
        default_format: the command's own format expression.
        format_expression: the value of ``--format``; it is appended to the default, so the
            default's labels, aliases and transforms stay in force. None or empty for the default.
        is_list: whether the command lists. A filter, `flatten` or `limit` makes a list of one
            resource too.
        filter_expression: the value of ``--filter``; None or empty for no filter.
        sort_by: the keys of ``--sort-by``, ``~key`` for descending.
        flatten: the keys of ``--flatten``.
        limit: how many resources are shown at most, after filter and sort.
        page_size: how many rows make a table of their own.
        uri: whether the URIs of the resources are shown instead of them.
        uri_of: returns the URI of a resource, for `uri` and the ``uri()`` transform.
        flags: the command's flags with underscores in their names, for the ``if()`` transform.
        width: the terminal's width, to which columns marked ``wrap`` are fitted.
        utf8: whether the output can hold box-drawing characters.
        colours: whether the output shows colours, as a terminal does.

    Raises:
        RenderError: if an expression is malformed or cannot be carried out. Only what depends on
            the resources (an operand that is no date, say) is raised while iterating.
    """
    scope = Scope(flags=flags, uri=uri_of)
    base = f"{default_format} value(.)" if uri and not format_expression else default_format
    expressions = (base, format_expression, _sort_attributes(sort_by))
    projection = parse_format(" ".join(filter(None, expressions)), scope)
    printer = find_printer(projection)
    parsed_filter = None
    if filter_expression and not filter_expression.isspace():
        from kmsctl.render.filters import parse_filter

        parsed_filter = parse_filter(filter_expression, scope.with_aliases(projection.aliases))
    # What selects from one resource makes a list of it, as commands that show policies do.
    selects = bool(flatten or parsed_filter) or limit is not None
    options = PrintOptions(
        is_list=is_list or selects, scope=scope, page_size=page_size, width=width, utf8=utf8, colours=colours
    )
    if isinstance(resources, Source) and resources.worked is not None and not (selects or sort_by):
        pieces = find_pieces(projection, options)
        if pieces is not None:
            make, join = pieces
            counted = _counting(make, uri_of) if uri else _counting(make)
            return Output.in_pieces(resources.worked(counted), join, projection, options)
    source = None
    if isinstance(resources, Source):
        keep = None if parsed_filter is None or flatten else parsed_filter.sieve(resources.known)
        source = None if keep is None else resources
        resources = resources.every() if keep is None else resources.sifted(keep)
    selected = _selected(resources, flatten, parsed_filter, sort_by, limit)
    if uri:
        selected = _uris(selected, uri_of)
    return Output(selected, printer, projection, options, parsed_filter, source)


def _selected(
    resources: Iterable[Any],
    flatten: Sequence[str],
    parsed_filter: Filter | None,
    sort_by: Sequence[str],
    limit: int | None,
) -> Iterable[Any]:
    """Flattens, filters, sorts and cuts off, in gcloud's order."""
    if flatten:
        from kmsctl.render.flattening import flatten_records

        resources = flatten_records(resources, flatten)
    if parsed_filter is not None:
        resources = _passing(resources, parsed_filter)
    if sort_by:
        from kmsctl.render.flattening import sort_records

        resources = sort_records(resources, sort_by)
    if limit is not None:
        from itertools import islice

        resources = islice(resources, limit)
    return resources


def _sort_attributes(keys: Sequence[str]) -> str:
    """Returns the sort keys as key attributes: tables sort by what they show."""
    shown = [
        f"{key.removeprefix('~')}:sort={number}{':reverse' if key.startswith('~') else ''}"
        for number, key in enumerate((key.strip() for key in keys), start=1)
        if key.removeprefix("~")
    ]
    return f":({','.join(shown)})" if shown else ""


def _passing(resources: Iterable[Any], parsed_filter: Filter) -> Iterator[Any]:
    for resource in resources:
        parsed_filter.observe(resource)
        if parsed_filter.matches(resource):
            yield resource


def _counting(
    make: Callable[[Iterable[Any]], Any], uri_of: Callable[[Any], str | None] | None = None
) -> Callable[[Iterable[Any]], tuple[int, Any]]:
    """Returns what tells of how many records it makes something, or of how many URIs of records."""

    def counted(records: Iterable[Any]) -> tuple[int, Any]:
        found = list(records if uri_of is None else _uris(records, uri_of))
        return len(found), make(found)

    return counted


def _uris(resources: Iterable[Any], uri_of: Callable[[Any], str | None] | None) -> Iterator[str]:
    for resource in resources:
        found = uri_of(resource) if uri_of is not None else None
        if found is not None:
            yield found
