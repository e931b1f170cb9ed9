"""The secrets of a store: root key, anchor, and the master keys wrapped by the root key."""

from __future__ import annotations

import os

from kmsctl.crypto.integrity import Mac
from kmsctl.crypto.wrapping import InvalidTag, WrappingKey
from kmsctl.errors import FailedPrecondition, IntegrityError
from kmsctl.keystore.masters import MasterKey, MasterKeys
from kmsctl.keystore.root import RootKey
from kmsctl.model.canonical import encode
from kmsctl.store.anchor import Anchor
from kmsctl.store.files import DirectoryLock, check_private, make_directory, os_failure, sync_directory
from kmsctl.store.probes import no_probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from kmsctl.store.probes import Probe

    Random = Callable[[int], bytes]
    T = TypeVar("T")

ROOT_KEY_FILE = "root-key"
ANCHOR_FILE = "anchor"


class KeyStore:
    """Opened secrets. `directory` holds root key and anchor; it is made whole or not at all."""

    __slots__ = ("_random", "_root", "_wrapping", "anchor", "directory")

    def __init__(self, directory: str, root: RootKey, random: Random, probe: Probe = no_probe) -> None:
        self.directory = directory
        self._root = root
        self._random = random
        self._wrapping = WrappingKey(root.derive(b"kmsctl master keys", root.store_id), random)
        tag = Mac(root.derive(b"kmsctl anchor", root.store_id))
        self.anchor = Anchor(os.path.join(directory, ANCHOR_FILE), root.store_id, tag, probe)

    @classmethod
    def open(cls, directory: str, random: Random, probe: Probe = no_probe) -> KeyStore | None:
        """Opens the secrets in `directory`. Returns None if the directory is not there.

        Raises:
            IntegrityError: if the directory is there without its root key or its anchor.
        """
        # Whoever may write the directory above could put other secrets in this one's place.
        check_private(os.path.dirname(directory), directory=True)
        if check_private(directory, directory=True) is None:
            return None
        path = os.path.join(directory, ROOT_KEY_FILE)
        root = RootKey.load(path)
        if root is None:
            raise IntegrityError(
                f"The root key {path} is missing.",
                hint="Bring it back from a copy. Without it nothing in the store can be read.",
            )
        return cls(directory, root, random, probe)

    @classmethod
    def create(cls, directory: str, random: Random, probe: Probe = no_probe) -> KeyStore:
        """Draws a root key and an empty anchor, unless another process was faster.

        Both files are made in a directory beside, which then takes its name in one step: no
        crash leaves one without the other.
        """
        parent = os.path.dirname(directory)
        make_directory(parent)
        with DirectoryLock(parent):
            if not os.path.lexists(directory):
                cls._make(directory, random, probe)
        opened = cls.open(directory, random, probe)
        if opened is None:
            raise IntegrityError(f"{directory} disappeared while it was being made.")
        return opened

    def install(self, probe: Probe = no_probe) -> None:
        """Makes the directory of these secrets, with an empty anchor: on a new machine.

        Raises:
            FailedPrecondition: if there are secrets already.
        """
        parent = os.path.dirname(self.directory)
        make_directory(parent)
        with DirectoryLock(parent):
            if os.path.lexists(self.directory):
                raise FailedPrecondition(f"There are secrets of a store in {self.directory} already.")
            self._make(self.directory, self._random, probe, self._root)

    @classmethod
    def _make(cls, directory: str, random: Random, probe: Probe, root: RootKey | None = None) -> None:
        beside = directory + ".new"
        try:
            _remove(beside)
            make_directory(beside)
            probe("keystore.begun")
            root = root or RootKey.generate(random)
            root.save(os.path.join(beside, ROOT_KEY_FILE))
            probe("keystore.root")
            cls(beside, root, random).anchor.create()
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
        return self._root.store_id

    def file_key(self, kind: int, file_id: bytes) -> bytes:
        """Returns the key of a container: one for each file."""
        return self._root.derive(b"kmsctl container", encode((self.store_id, kind, file_id)))

    def sealed_root_key(self, seal: Callable[[bytes], T]) -> T:
        """Returns what `seal` makes of the root key."""
        return self._root.sealed(seal)

    def new_master_key(self, name: str, version: int) -> bytes:
        """Draws a master key for the database `name` and returns it wrapped by the root key."""
        return self._wrapping.wrap(self._random(32), self._binding(name, version))

    def unlock(self, name: str, wrapped: Sequence[tuple[int, bytes]]) -> MasterKeys:
        """Unwraps the master keys of a database, given as (version, wrapped key).

        Raises:
            IntegrityError: if one was not wrapped by this root key for this database and version.
        """
        versions = {}
        for version, blob in wrapped:
            try:
                key = self._wrapping.unwrap(blob, self._binding(name, version))
            except (InvalidTag, TypeError):
                raise IntegrityError(
                    f"Master key {version} of '{name}' cannot be unwrapped with the root key in "
                    f"{self.directory}.",
                    hint="The root key belongs to another store, or the database was changed or moved.",
                ) from None
            context = encode((self.store_id, name, version))
            versions[version] = MasterKey(key, context, self._random)
        if not versions:
            raise IntegrityError(f"The database of '{name}' has no master key.")
        return MasterKeys(versions)

    def _binding(self, name: str, version: int) -> bytes:
        return encode(("master key", self.store_id, name, version))


def _remove(directory: str) -> None:
    """Removes secrets that were never used, if there are any."""
    if not os.path.lexists(directory):
        return
    for file in (ROOT_KEY_FILE, ANCHOR_FILE):
        try:
            os.unlink(os.path.join(directory, file))
        except FileNotFoundError:
            pass
    os.rmdir(directory)
