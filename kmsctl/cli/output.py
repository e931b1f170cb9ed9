"""Prints what commands found or made, through `kmsctl.render`, in the format that was asked for.

Streams and shapes are gcloud's: commands that create print nothing unless a format is given, and
then a list of one; lists without anything in them say so on standard error.
"""

from __future__ import annotations

import sys

from kmsctl.cli import terminal
from kmsctl.cli.tree import dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kmsctl.cli.session import Args, Session
    from kmsctl.render.pipeline import Source

    #: a resource as the API's JSON
    Resource = Mapping[str, object]

_SILENT = "none"
_DEFAULT = "default"
_URL = "https://cloudkms.googleapis.com/v1/"


def check_format(session: Session) -> None:
    """Refuses a format that does not parse, before anything is done that it could not show.

    Raises:
        RenderError: if ``--format`` is malformed.
    """
    if session.format:
        from kmsctl.render.printers import FORMATS, find_printer
        from kmsctl.render.projection_parser import parse_format

        projection = parse_format(session.format)
        if projection.name and projection.name not in FORMATS:
            find_printer(projection)


def run(session: Session, command: Callable[[Session, Args], None], values: Args) -> None:
    """Runs a command, once it is known that what it finds can be shown."""
    check_format(session)
    if session.shows("debug"):
        given = ", ".join(f"{name}: {value!r}" for name, value in values.items() if value is not None)
        session.log("debug", f"Running [{dotted(session.command)}] with arguments: [{given}]")
    command(session, values)


def show(session: Session, resource: Resource) -> None:
    """Prints one resource."""
    _print(session, [resource], _DEFAULT, is_list=False)


def show_silent(session: Session, resource: Resource) -> None:
    """Prints one resource if a format is given."""
    _print(session, [resource], _SILENT, is_list=False)


def show_created(session: Session, resource: Resource) -> None:
    """Prints a list of the one resource that was made, if a format is given."""
    _print(session, [resource], _SILENT, is_list=True)


def show_list(session: Session, found: Iterable[Resource] | Source, table: str, args: Args) -> None:
    """Prints resources, or what comes from a source of them, as a table, or as the list flags say."""
    count = _print(session, found, table, is_list=True, args=args)
    if count == 0 and not session.format:
        session.status("Listed 0 items.")


def show_searched(session: Session, resource: Resource, args: Args) -> None:
    """Prints one resource, as the list flags say: ``--flatten`` makes a list of it."""
    flatten = session.settings.get("flatten")
    _print(session, [resource], _DEFAULT, is_list=bool(flatten), args=args)


def show_found(session: Session, found: Iterable[Resource], default: str) -> None:
    """Prints a list of whose emptiness the command itself tells."""
    _print(session, found, default, is_list=True)


def show_findings(session: Session, found: Iterable[Resource], default: str) -> int:
    """Prints what a check found, and returns how much that is, whether or not somebody reads it all."""
    count = 0

    def counted(finding: Resource) -> Resource:
        nonlocal count
        count += 1
        return finding

    findings = map(counted, found)
    try:
        show_found(session, findings, default)
    except BrokenPipeError:
        pass
    # The exit status tells what was found, so the check goes on to its end, whatever was shown of it.
    for _ in findings:
        pass
    return count


def show_nothing(session: Session, *, stdout_taken: bool) -> None:
    """Prints nothing in the format that is given, which for some formats is something: ``[]``.

    Where standard output carries the command's data, it is left alone.
    """
    if session.format and not stdout_taken:
        _print(session, [], _DEFAULT, is_list=True)


def show_value(session: Session, value: str | None) -> None:
    """Prints a bare value; None is nothing at all."""
    if value is not None:
        _print(session, [value], "value(.)", is_list=False)
    elif session.format:
        _print(session, [], _DEFAULT, is_list=True)


def show_if_asked(session: Session, value: str) -> None:
    """Prints a bare value if a format is given."""
    _print(session, [value], _SILENT, is_list=False)


def show_sections(session: Session, values: Mapping[str, str | None]) -> None:
    """Prints properties as a property file has them."""
    from kmsctl.cli.properties import sections

    _print(session, [sections(values)], "config", is_list=False)


def show_versions(session: Session, versions: Mapping[str, str]) -> None:
    """Prints names and versions, a line each."""
    _print(session, [versions], 'flattened[no-pad,separator=" "]', is_list=False)


def _print(
    session: Session,
    resources: Iterable[object] | Source,
    default: str,
    *,
    is_list: bool,
    args: Args | None = None,
) -> int:
    """Prints resources and returns how many."""
    if not session.user_output or (default == _SILENT and not session.format):
        return sum(1 for _ in _every(resources))
    from kmsctl.render.pipeline import render

    flags = args or {}
    output = render(
        resources,
        default_format=default,
        format_expression=session.format,
        is_list=is_list,
        filter_expression=flags.get("filter"),
        sort_by=flags.get("sort_by") or (),
        flatten=session.settings.get("flatten") or (),
        limit=flags.get("limit"),
        page_size=flags.get("page_size"),
        uri=bool(flags.get("uri")),
        uri_of=_uri,
        flags=flags,
        width=terminal.width(),
        colours=terminal.has_colours(sys.stdout),
    )
    if output.pages and terminal.is_terminal(sys.stdout):
        from kmsctl.cli.pager import write_pages

        write_pages(output)
    else:
        try:
            terminal.write_chunks(output)
        except BrokenPipeError:
            if is_list:
                raise  # whoever read has read enough of it
            # It was all that there is to say; what the command does after it is done all the same.
    for warning in output.warnings:
        session.log("warning", warning)
    return output.count


def _every(resources: Iterable[object] | Source) -> Iterable[object]:
    from kmsctl.render.pipeline import Source

    return resources.every() if isinstance(resources, Source) else resources


def _uri(resource: object) -> str | None:
    name = resource.get("name") if isinstance(resource, dict) else None
    return f"{_URL}{name}" if isinstance(name, str) else None
