"""The secrets of a store: root key, anchor, and the master keys wrapped by the root key."""

from __future__ import annotations

import os

from kmsctl.crypto.integrity import Mac
from kmsctl.crypto.wrapping import InvalidTag, WrappingKey
from kmsctl.errors import FailedPrecondition, IntegrityError, KmsError, StoreLocked
from kmsctl.keystore.masters import MasterKey, MasterKeys
from kmsctl.keystore.root import RootKey, load_all, text_of
from kmsctl.model.canonical import encode
from kmsctl.store.anchor import Anchor
from kmsctl.store.files import (
    DirectoryLock,
    check_private,
    make_directory,
    os_failure,
    sync_directory,
    write_new,
)
from kmsctl.store.probes import no_probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from kmsctl.keystore.ports import Asking
    from kmsctl.store.probes import Probe

    Random = Callable[[int], bytes]
    T = TypeVar("T")
    Keep = Callable[[RootKey, str], None]

ROOT_KEY_FILE = "root-key"
ANCHOR_FILE = "anchor"
#: `kmsctl.keystore.slots.FILE`; that module is imported where the root key's file does not open the store.
SLOT_FILE = "protectors"


class KeyStore:
    """Opened secrets. `directory` holds root key and anchor; it is made whole or not at all.

    Attributes:
        roots: the root key, and after it the one that it is taking the place of, if it is being rotated.
    """

    __slots__ = ("_probe", "_random", "_reopen", "_tags", "_wrappings", "anchor", "directory", "roots")

    def __init__(
        self,
        directory: str,
        roots: Sequence[RootKey],
        random: Random,
        probe: Probe = no_probe,
        reopen: Callable[[], Sequence[RootKey]] = tuple,
    ) -> None:
        """Takes root keys that are known.

        Args:
            directory: where the anchor is.
            roots: the newest first.
            random: draws that many random bytes.
            probe: told the name of each step.
            reopen: gives the root keys as they are now, without asking anybody; none if it cannot.
        """
        self.directory = directory
        self._random = random
        self._probe = probe
        self._reopen = reopen
        self._set_roots(roots)
        path = os.path.join(directory, ANCHOR_FILE)
        self.anchor = Anchor(path, self.store_id, self._tags[0], probe, self._anchor_tags)

    @classmethod
    def open(
        cls, directory: str, random: Random, probe: Probe = no_probe, ask: Callable[[], Asking] | None = None
    ) -> KeyStore | None:
        """Opens the secrets in `directory`. Returns None if the directory is not there.

        Args:
            directory: where root key, slot file and anchor are.
            random: draws that many random bytes.
            probe: told the name of each step.
            ask: returns who to ask for what opens a protector, where the root key's file is not there.

        Raises:
            IntegrityError: if the directory is there without what opens the store, or without its anchor.
            StoreLocked: if no protector could be opened.
        """
        # Whoever may write the directory above could put other secrets in this one's place.
        check_private(os.path.dirname(directory), directory=True)
        if check_private(directory, directory=True) is None:
            return None
        path = os.path.join(directory, ROOT_KEY_FILE)
        try:
            roots = load_all(path)
        except KmsError as error:
            from kmsctl.keystore.unlocking import with_others

            raise with_others(error, directory) from None
        if roots:
            return cls(directory, roots, random, probe, lambda: load_all(path))
        if os.path.lexists(os.path.join(directory, SLOT_FILE)):
            from kmsctl.keystore.unlocking import unlock

            opened, reopen = unlock(directory, None if ask is None else ask())
            return cls(directory, opened, random, probe, reopen)
        raise IntegrityError(
            f"The root key {path} is missing.",
            hint="Bring it back from a copy. Without it nothing in the store can be read.",
        )

    @classmethod
    def create(
        cls, directory: str, random: Random, probe: Probe = no_probe, keep: Keep | None = None
    ) -> KeyStore:
        """Draws a root key and an empty anchor, unless another process was faster.

        All files are made in a directory beside, which then takes its name in one step: no
        crash leaves one without the other.

        Args:
            directory: where root key, slot file and anchor are to be.
            random: draws that many random bytes.
            probe: told the name of each step.
            keep: enrols the first protector, given the root key and the directory; its own file if not given.
        """
        parent = os.path.dirname(directory)
        make_directory(parent)
        made: list[RootKey] = []
        with DirectoryLock(parent):
            if not os.path.lexists(directory):
                made.append(RootKey.generate(random))
                cls._make(directory, made, random, probe, keep)
        if made:
            path = os.path.join(directory, ROOT_KEY_FILE)
            return cls(directory, made, random, probe, lambda: load_all(path))
        opened = cls.open(directory, random, probe)
        if opened is None:
            raise IntegrityError(f"{directory} disappeared while it was being made.")
        return opened

    def install(self, probe: Probe = no_probe) -> None:
        """Makes the directory of these secrets on a new machine: with the file protector and an empty anchor.

        Raises:
            FailedPrecondition: if there are secrets already.
        """
        parent = os.path.dirname(self.directory)
        make_directory(parent)
        with DirectoryLock(parent):
            if os.path.lexists(self.directory):
                raise FailedPrecondition(f"There are secrets of a store in {self.directory} already.")
            self._make(self.directory, self.roots, self._random, probe, None)

    @classmethod
    def _make(
        cls, directory: str, roots: Sequence[RootKey], random: Random, probe: Probe, keep: Keep | None
    ) -> None:
        beside = directory + ".new"
        try:
            _remove(beside)
            make_directory(beside)
            probe("keystore.begun")
            if keep is None:
                write_new(os.path.join(beside, ROOT_KEY_FILE), text_of(roots))
            else:
                keep(roots[0], beside)
            probe("keystore.root")
            cls(beside, roots, random).anchor.create()
            sync_directory(beside)
            probe("keystore.filled")
            os.rename(beside, directory)
            sync_directory(os.path.dirname(directory))
            probe("keystore.renamed")
        except OSError as error:
            raise os_failure(error, "create", directory) from None
        finally:
            try:
                _remove(beside)
            except OSError:
                pass  # the next one to make secrets says what is in the way

    @property
    def store_id(self) -> bytes:
        return self.roots[0].store_id

    @property
    def random(self) -> Random:
        return self._random

    @property
    def probe(self) -> Probe:
        return self._probe

    def lock(self) -> DirectoryLock:
        """Returns a lock: one process at a time changes protectors or the root key, or makes master keys.

        It is taken before the write lock of any database.
        """
        return DirectoryLock(self.directory)

    def refresh(self) -> None:
        """Takes over a root key that another process has made since, or dropped."""
        found = self._reopen()
        if found and [root.id for root in found] != self.root_ids():
            if found[0].store_id != self.store_id:
                raise IntegrityError(f"The root key in {self.directory} is of another store now.")
            self._set_roots(found)

    def use(self, roots: Sequence[RootKey]) -> None:
        """Goes on with other root keys: whoever rotates them says so."""
        self._set_roots(roots)

    def is_current(self) -> bool:
        """Tells whether the newest root key of the store is the one in use here, after looking again."""
        self.refresh()
        kept = load_all(os.path.join(self.directory, ROOT_KEY_FILE))
        if kept:
            return kept[0].id == self.roots[0].id
        from kmsctl.keystore.slots import Slots

        slots = Slots.load(self.directory)
        return slots is None or slots.root_ids[0] == self.roots[0].id

    def _require_current(self) -> None:
        if not self.is_current():
            raise StoreLocked("The root key was rotated in the meantime.", hint="Run the command again.")

    def _set_roots(self, roots: Sequence[RootKey]) -> None:
        self.roots = tuple(roots)
        self._wrappings = [
            WrappingKey(root.derive(b"kmsctl master keys", root.store_id), self._random) for root in roots
        ]
        self._tags = [anchor_tag(root) for root in roots]

    def _anchor_tags(self) -> Sequence[Mac]:
        self.refresh()
        return self._tags

    def root_ids(self) -> list[str]:
        """Returns the ids of the root keys in use, the newest first."""
        return [root.id for root in self.roots]

    def file_key(self, kind: int, file_id: bytes) -> bytes:
        """Returns the key of a container: one for each file.

        While the root key is being rotated it is the older one's: no copies are made then (`check_settled`),
        and those that there are may be what mends a database that the rotation waits for.

        Raises:
            StoreLocked: if the root key was rotated, and what opened this one does not open the new one.
        """
        self._require_current()
        return self.roots[-1].derive(b"kmsctl container", encode((self.store_id, kind, file_id)))

    def sealed_root_key(self, seal: Callable[[bytes], T]) -> T:
        """Returns what `seal` makes of the newest root key.

        Raises:
            StoreLocked: as `file_key`.
        """
        self._require_current()
        return self.roots[0].sealed(seal)

    def check_settled(self) -> None:
        """Refuses while the root key is being rotated: a copy could need both, of which one is let go of.

        Raises:
            FailedPrecondition: if it is.
            StoreLocked: as `file_key`.
        """
        self._require_current()
        if len(self.roots) > 1:
            raise FailedPrecondition(
                "The root key is being rotated.",
                hint="kmsctl store rotate-root-key goes on with it; try again when it is done.",
            )

    def new_master_key(self, name: str, version: int) -> bytes:
        """Draws a master key for the database `name` and returns it wrapped by the root key.

        The caller holds `lock`, or the one under which databases are made.

        Raises:
            StoreLocked: if the root key was rotated, and what opened this one does not open the new one.
        """
        self._require_current()
        return self._wrappings[0].wrap(self._random(32), self._binding(name, version))

    def wrap_anew(self, name: str, version: int, wrapped: bytes) -> bytes | None:
        """Returns a wrapped master key under the newest root key, or None if it is that already."""
        binding = self._binding(name, version)
        try:
            self._wrappings[0].unwrap(wrapped, binding)
        except InvalidTag:
            return self._wrappings[0].wrap(self._unwrap(name, version, wrapped), binding)
        return None

    def unlock(self, name: str, wrapped: Sequence[tuple[int, bytes]]) -> MasterKeys:
        """Unwraps the master keys of a database, given as (version, wrapped key).

        Raises:
            IntegrityError: if one was not wrapped by this root key for this database and version.
        """
        versions = {}
        for version, blob in wrapped:
            key = self._unwrap(name, version, blob)
            context = encode((self.store_id, name, version))
            versions[version] = MasterKey(key, context, self._random)
        if not versions:
            raise IntegrityError(f"The database of '{name}' has no master key.")
        return MasterKeys(versions)

    def _unwrap(self, name: str, version: int, blob: bytes) -> bytes:
        binding = self._binding(name, version)
        for looked_again in (False, True):
            for wrapping in self._wrappings:
                try:
                    return wrapping.unwrap(blob, binding)
                except (InvalidTag, TypeError):
                    continue
            if not looked_again:
                self.refresh()
        raise IntegrityError(
            f"Master key {version} of '{name}' cannot be unwrapped with the root key in {self.directory}.",
            hint="The root key belongs to another store, or the database was changed or moved.",
        )

    def _binding(self, name: str, version: int) -> bytes:
        return encode(("master key", self.store_id, name, version))


def anchor_tag(root: RootKey) -> Mac:
    """Returns what the tags of the anchor are made with."""
    return Mac(root.derive(b"kmsctl anchor", root.store_id))


def remove_half_made(directory: str) -> None:
    """Removes the secrets that a crash left beside `directory` before they came into use."""
    with DirectoryLock(os.path.dirname(directory)):
        try:
            _remove(directory + ".new")
        except OSError as error:
            raise os_failure(error, "remove", directory + ".new") from None


def _remove(directory: str) -> None:
    """Removes secrets that were never used, if there are any."""
    if not os.path.lexists(directory):
        return
    for file in (ROOT_KEY_FILE, ANCHOR_FILE, SLOT_FILE):
        try:
            os.unlink(os.path.join(directory, file))
        except FileNotFoundError:
            pass
    os.rmdir(directory)
