"""Restoring: copies of databases take the place of those that are there, or are not."""

from __future__ import annotations

import os
from itertools import islice

from kmsctl.errors import (
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    KmsError,
    NotFound,
    StoreBusy,
    StoreError,
    StoreNewer,
)
from kmsctl.keystore.containers import BACKUP
from kmsctl.model.names import check_location
from kmsctl.service import audit, backups, snapshots
from kmsctl.service.authorize import authorize_store
from kmsctl.service.differences import compare
from kmsctl.service.maintenance import decide
from kmsctl.service.tombstones import read_tombstones
from kmsctl.service.unlocking import check_current, open_container
from kmsctl.store import copies, token_objects, tombstones
from kmsctl.store.replacements import replace
from kmsctl.store.store import CONTROL
from kmsctl.store.tables import TOKEN_OBJECTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.service.authorize import Decision
    from kmsctl.service.context import Context
    from kmsctl.service.differences import Difference
    from kmsctl.service.kms import Kms
    from kmsctl.service.unlocking import Container, Unlock
    from kmsctl.store.copies import Workshop
    from kmsctl.store.database import Database
    from kmsctl.store.ports import Keys
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.store import Store
    from kmsctl.store.token_objects import TokenName
    from kmsctl.store.tombstones import Tombstone

    Known = dict[bytes, Tombstone]

_MOST_JUSTIFICATION = 1000


class RestoreRequest:
    """What is to be restored, and why.

    Attributes:
        location: the one database to restore (a location id, or ``control``); None for all.
        justification: why, for the audit record.
        tombstones: a list of what was destroyed, from elsewhere.
    """

    __slots__ = ("justification", "location", "tombstones")

    def __init__(
        self, justification: str, location: str | None = None, tombstones: Container | None = None
    ) -> None:
        if not justification.strip() or len(justification) > _MOST_JUSTIFICATION:
            raise InvalidArgument(f"justification: say why, in up to {_MOST_JUSTIFICATION} characters.")
        if location is not None and location != CONTROL:
            check_location(location)
        self.justification = justification
        self.location = location
        self.tombstones = tombstones


class RestorePlan:
    """What a restore would do, for its caller to look at.

    Attributes:
        databases: the manifest's entries of those that would be restored.
        unknown: names of databases of which nobody knows here what was destroyed since.
        installs: whether the root key would be put in its place, where there is no store.
    """

    __slots__ = ("_compare", "databases", "installs", "unknown")

    def __init__(
        self,
        databases: list[dict[str, Any]],
        unknown: list[str],
        compare_all: Callable[[], Iterator[Difference]],
        *,
        installs: bool,
    ) -> None:
        self.databases = databases
        self.unknown = unknown
        self.installs = installs
        self._compare = compare_all

    def differences(self) -> Iterator[Difference]:
        """Yields every resource that would change."""
        return self._compare()


class RestoreReport:
    """What was restored: names of databases, and of versions that stayed destroyed.

    Attributes:
        orphans: a sentence for each object that stays in a token, though nothing knows of it any more.
        spared: names of versions that were to be destroyed when the backup was made, were restored since, and
            have their whole time until they are destroyed again.
        shares_tokens: whether keys in tokens came to a new place, whose original may still use them.
    """

    __slots__ = ("buried", "databases", "orphans", "shares_tokens", "spared")

    def __init__(self) -> None:
        self.databases: list[str] = []
        self.buried: list[str] = []
        self.orphans: list[str] = []
        self.spared: list[str] = []
        self.shares_tokens = False


def restore_backup(
    kms: Kms,
    ctx: Context,
    container: Container,
    request: RestoreRequest,
    unlock: Unlock,
    confirm: Callable[[RestorePlan], bool],
) -> RestoreReport | None:
    """Restores a backup. `confirm` sees the plan; where it answers False, nothing is done."""
    header, keys, reader = open_container(kms, container, unlock, BACKUP)
    entries = _wanted(reader.manifest["databases"], request.location, container.label)
    origin = {"backupId": reader.manifest["backupId"], "backupTime": reader.manifest["createTime"]}
    with copies.Workshop(kms.data_directory) as workshop:
        check_current(header, keys, reader)
        only = [entry["name"] for entry in entries]
        copied = backups.unpack(reader, workshop, keys, kms, container.label, only)
        restoring = Restoring(kms, ctx, "RestoreBackup", keys, workshop, request, origin)
        return restoring.carry_out(copied, entries, container.label, confirm)


def _wanted(entries: list[dict[str, Any]], location: str | None, label: str) -> list[dict[str, Any]]:
    found = [entry for entry in entries if location is None or entry["name"] == location]
    if not found:
        raise NotFound(f"{label} has no database '{location}'.")
    return sorted(found, key=lambda entry: (entry["name"] != CONTROL, entry["name"]))


class Restoring:
    """One restore, from whatever kind of copies."""

    __slots__ = (
        "_ctx",
        "_decision",
        "_destroyed",
        "_keys",
        "_kms",
        "_method",
        "_origin",
        "_request",
        "_snapshot_id",
        "_sound",
        "_workshop",
    )

    _decision: Decision

    def __init__(  # noqa: PLR0917 - all of it is needed at every step
        self,
        kms: Kms,
        ctx: Context,
        method: str,
        keys: Keys,
        workshop: Workshop,
        request: RestoreRequest,
        origin: dict[str, object],
    ) -> None:
        self._kms = kms
        self._ctx = ctx
        self._method = method
        self._keys = keys
        self._workshop = workshop
        self._request = request
        self._origin = origin
        self._destroyed: Known = {}
        #: Names of databases → whether they are as they were left.
        self._sound: dict[str, bool] = {}
        #: of the snapshot that keeps the present state
        self._snapshot_id = ""

    def carry_out(
        self,
        copied: list[Database],
        entries: list[dict[str, Any]],
        label: str,
        confirm: Callable[[RestorePlan], bool],
    ) -> RestoreReport | None:
        copied.sort(key=lambda each: (each.name != CONTROL, each.name))
        for each in copied:
            for finding in islice(backups.damage(each), 1):
                raise IntegrityError(
                    f"{label} holds a damaged copy of '{each.name}': {finding.resource}: {finding.message}"
                )
        store = self._store()
        self._decision = self._decide(store, copied)
        if self._request.tombstones is not None:
            self._destroyed = read_tombstones(self._keys, self._request.tombstones)
        plan = RestorePlan(
            entries,
            self._unknown(store, copied),
            lambda: self._compare(store, copied),
            installs=store is None,
        )
        if not confirm(plan):
            return None
        return self._replace_all(store, copied)

    def _store(self) -> Store | None:
        try:
            store = self._kms.find_store()
        except IntegrityError:
            return None  # databases without their secrets, which the caller brought
        if store is not None and store.keys.store_id != self._keys.store_id:
            raise FailedPrecondition("Another process has made or restored another store here.")
        return store

    def _decide(self, store: Store | None, copied: list[Database]) -> Decision:
        """Authorizes by the control database that is there, else by the copy of it.

        Where there is no store, who brings the root key has everything anyway.
        """
        if store is None:
            return authorize_store(None, self._ctx, self._method)
        try:
            return decide(self._kms, self._ctx, self._method)
        except (StoreBusy, StoreNewer):
            raise
        except (IntegrityError, StoreError):
            for each in copied:
                if each.name == CONTROL:
                    with each.read() as snapshot:
                        return authorize_store(snapshot, self._ctx, self._method)
            raise

    def _unknown(self, store: Store | None, copied: list[Database]) -> list[str]:
        """Returns the names of databases for which nothing here can tell what was destroyed."""
        if self._request.tombstones is not None:
            return []
        return [
            each.name
            for each in copied
            if each.name != CONTROL and not _is_newest(store, each) and not self._is_sound(store, each.name)
        ]

    def _compare(self, store: Store | None, copied: list[Database]) -> Iterator[Difference]:
        for each in copied:
            live = _find(store, each.name)
            with each.read() as after:
                if live is None or not self._is_sound(store, each.name):
                    yield from compare(None, after, self._destroyed)
                    continue
                with live.read() as before:
                    known = self._destroyed
                    if each.name != CONTROL:
                        known = {**known, **{found.uid: found for found in tombstones.each(before)}}
                    yield from compare(before, after, known)

    def _is_sound(self, store: Store | None, name: str) -> bool:
        if name not in self._sound:  # looked at once: that reads all of it
            self._sound[name] = _is_sound(store, name)
        return self._sound[name]

    def _replace_all(self, store: Store | None, copied: list[Database]) -> RestoreReport:
        kms, installs = self._kms, store is None
        if store is None:
            installing: KeyStore = self._keys  # type: ignore[assignment]  # what `unlocking` made of the caller's
            installing.install(kms.probe)
            store = kms.open_store()
        report = RestoreReport()
        for each in copied:
            try:
                self._replace(store, each, report)
            except KmsError as error:
                if report.databases:
                    error.message += f" Restored before that: {', '.join(report.databases)}."
                raise
            report.databases.append(each.name)
        report.shares_tokens = installs and any(
            name != CONTROL and store.open(name).count(TOKEN_OBJECTS) for name in report.databases
        )
        if CONTROL not in report.databases:
            with store.open(CONTROL).write() as transaction:
                request = {**self._origin, "databases": report.databases}
                request["justification"] = self._request.justification
                audit.append_store(transaction, self._ctx, self._decision, request)
        return report

    def _replace(self, store: Store, copied: Database, report: RestoreReport) -> None:
        """Replaces one database, whose write lock is held from reading what is destroyed in it to the end."""
        live = _find(store, copied.name)
        if live is None:
            self._swap(store, copied, None, report)
            return
        writing = live.write()
        try:
            transaction = writing.__enter__()
        except (StoreBusy, StoreNewer):
            raise
        except (IntegrityError, StoreError):
            if self._is_sound(store, copied.name):
                raise  # it can tell what is destroyed in it, and will when what is in the way has gone
            self._swap(store, copied, None, report)  # nobody else can change it either
            return
        try:
            try:
                self._snapshot_id = snapshots.take(store, self._workshop, live, self._snapshot_id).id
            except IntegrityError:
                pass  # it is damaged: there is no state worth keeping
            except StoreError:
                if self._is_sound(store, copied.name):
                    raise  # else SQLite takes what a damaged page says for more than any disk holds
            self._swap(store, copied, transaction, report)
        except BaseException as error:
            writing.__exit__(type(error), error, None)
            raise
        writing.__exit__(None, None, None)

    def _swap(self, store: Store, copied: Database, live: Transaction | None, report: RestoreReport) -> None:
        known = dict(self._destroyed)
        request: dict[str, object] = {**self._origin, "justification": self._request.justification}
        if live is not None and copied.name != CONTROL:
            known.update((found.uid, found) for found in tombstones.authentic(live))
        if live is not None:
            request["replacedGeneration"] = str(live.head.generation)
        buried: list[str] = []
        orphans: list[str] = []
        spared: list[str] = []
        with copied.write(epoch=self._kms.random(16)) as transaction:
            request["generation"] = str(transaction.head.generation)
            if live is not None:
                last = max(live.head.last_time, live.audit.last_time)
                transaction.carry_time(last, live.head.confirmed_time)
            if copied.name != CONTROL:
                buried = tombstones.bury(transaction, known)
                request["staysDestroyed"] = buried
                token_objects.bury(transaction)
                token_objects.renew(transaction, self._kms.random)
                if live is not None:
                    spared = tombstones.spare(transaction, live)
                    if spared:
                        request["destroyedLater"] = spared
                    orphans = [_orphan(*found) for found in token_objects.carry(transaction, live)]
                if orphans:
                    request["staysInToken"] = orphans
            audit.append_store(transaction, self._ctx, self._decision, request)
        mark = copied.mark()
        copies.settle(copied, emptied=bool(buried))
        if mark is None:
            raise IntegrityError(f"The copy of '{copied.name}' lost its mark.")
        replace(store.path_of(copied.name), copied.path, mark, store.keys, store.probe)
        report.buried += buried
        report.orphans += orphans
        report.spared += spared


def _orphan(resource: str, token: TokenName, cka_id: bytes) -> str:
    return f"The object of {resource} (CKA_ID {cka_id.hex()}) stays in the token {token}."


def _find(store: Store | None, name: str) -> Database | None:
    """Returns the database that is there, or None if there is none, whatever the anchor says."""
    if store is None or not os.path.lexists(store.path_of(name)):
        return None
    return store.find(name)


def _is_newest(store: Store | None, copied: Database) -> bool:
    """Tells whether a copy has the last anchored state of its database: nothing was destroyed since."""
    mark, known = copied.mark(), None if store is None else store.keys.anchor.find(copied.name)
    if mark is None or known is None:
        return False
    return (mark.epoch, mark.generation, mark.head_tag) == (known.epoch, known.generation, known.head_tag)


def _is_sound(store: Store | None, name: str) -> bool:
    """Tells whether a database is as it was left: then it says all there is of destroyed versions."""
    try:
        live = _find(store, name)
        return live is not None and next(iter(backups.damage(live)), None) is None
    except (StoreBusy, StoreNewer):
        raise
    except (IntegrityError, StoreError):
        return False
