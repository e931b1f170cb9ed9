"""``kmsctl keys``: describe, list and set-primary-version. The others have modules of their own."""

from __future__ import annotations

from kmsctl.cli import output, resources
from kmsctl.model.rest import crypto_key_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from kmsctl.cli.command import Command
    from kmsctl.cli.output import Resource
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.names import KeyRingName
    from kmsctl.model.resources import CryptoKeyOutline
    from kmsctl.render.pipeline import Source
    from kmsctl.service.api import Keep

    T = TypeVar("T")

TABLE = (
    "table(name, purpose, version_template.algorithm, version_template.protection_level, labels.list(), "
    "primary.name.segment(9):label=PRIMARY_ID, primary.state:label=PRIMARY_STATE)"
)


def describe() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys describe",
        run_describe,
        options.resource("key", "keyring", "location"),
        examples=[("To show a key:", "keys describe db --keyring=prod --location=us-east1")],
    )


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys list",
        run_list,
        [*options.resource_flags("keyring", "location"), *options.list_flags()],
        about="""
            Lists the keys of a key ring, each with its purpose, the algorithm and protection
            level of its next version, its labels, and its primary version with its state.
        """,
        examples=[("To list the keys of a key ring:", "keys list --keyring=prod --location=us-east1")],
    )


def set_primary_version() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "keys set-primary-version",
        run_set_primary_version,
        [
            *options.resource("key", "keyring", "location"),
            options.primary_version("version", required=True),
        ],
        about="Makes a version the primary version of its key: the one that encrypts from now on.",
        examples=[
            (
                "To make version 2 the primary version:",
                "keys set-primary-version db --version=2 --keyring=prod --location=us-east1",
            )
        ],
    )


def run_describe(session: Session, args: Args) -> None:
    found = session.kms.get_crypto_key(session.context, resources.key(session, args))
    output.show(session, crypto_key_json(found))


def run_list(session: Session, args: Args) -> None:
    parent = resources.key_ring(session, args, anchor="--keyring")

    def keys(keep: Keep | None = None) -> Iterator[Resource]:
        found = session.kms.list_crypto_keys(session.context, parent, limit=args["limit"], keep=keep)
        return map(crypto_key_json, found)

    def worked(make: Callable[[Iterable[Resource]], T]) -> Iterator[T]:
        return session.kms.shape_crypto_keys(
            session.context, parent, lambda found: make(map(crypto_key_json, found))
        )

    found = keys() if args["limit"] is not None else _source(parent, keys, worked)
    output.show_list(session, found, TABLE, args)


def _source(
    parent: KeyRingName,
    keys: Callable[[Keep | None], Iterator[Resource]],
    worked: Callable[[Callable[[Iterable[Resource]], Any]], Iterator[Any]],
) -> Source:
    """Returns where the keys come from.

    For a filter, the store can tell some fields without the rest; without one, all processors work.
    """
    from itertools import chain

    from kmsctl.render.pipeline import Source

    def sifted(keep: Callable[[Resource], bool]) -> Iterator[Resource]:
        def wanted(key: CryptoKeyOutline) -> bool:
            known: dict[str, object] = {
                "name": f"{parent}/cryptoKeys/{key.crypto_key}",
                "purpose": key.purpose,
            }
            if key.labels:
                known["labels"] = key.labels
            if key.primary_state is not None:
                known["primary"] = {"state": key.primary_state}
            return keep(known)

        return keys(wanted)

    known = (("name",), ("purpose",), ("labels",), ("primary", "state"))
    return Source(lambda: chain.from_iterable(worked(list)), sifted, known, worked)


def run_set_primary_version(session: Session, args: Args) -> None:
    name = resources.key(session, args)
    number = resources.version_number(args["version"])
    updated = session.kms.update_crypto_key_primary_version(session.context, name, number)
    output.show(session, crypto_key_json(updated))
