"""Which keys open a container: the store's own, or a root key that the caller brings to a new machine."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, IntegrityError, InvalidArgument
from kmsctl.keystore.containers import KINDS, Header, Reader
from kmsctl.model.canonical import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.keystore.root import RootKey
    from kmsctl.service.kms import Kms
    from kmsctl.store.ports import Keys

    Read = Callable[[int], bytes]


class Container:
    """A container to be read.

    Attributes:
        read: returns up to that many bytes of it, none only at its end.
        label: names it in errors, such as a path.
    """

    __slots__ = ("label", "read")

    def __init__(self, read: Read, label: str) -> None:
        self.read = read
        self.label = label


class Unlock:
    """What a caller brings where the store's own root key is not at hand. Nothing of it is ever shown.

    Attributes:
        root_key_file: path of a copy of the file that holds the root key.
        passphrase: opens the root key in a backup, or `private_key`, if that is encrypted.
        private_key: PEM or DER; opens the root key in a backup that was made for its public key.
    """

    __slots__ = ("passphrase", "private_key", "root_key_file")

    def __init__(
        self,
        root_key_file: str | None = None,
        passphrase: bytes | None = None,
        private_key: bytes | None = None,
    ) -> None:
        self.root_key_file = root_key_file
        self.passphrase = passphrase
        self.private_key = private_key

    def __bool__(self) -> bool:
        return not (self.root_key_file is None and self.passphrase is None and self.private_key is None)


def root_key_binding(header: Header) -> bytes:
    """Returns what a root key that a backup includes is bound to."""
    return encode(("root key", header.store_id, header.kind, header.file_id))


def open_container(
    kms: Kms, container: Container, unlock: Unlock, *kinds: int
) -> tuple[Header, Keys, Reader]:
    """Reads the header of a container and opens it.

    Raises:
        InvalidArgument: if it is none, or of another kind.
        FailedPrecondition: if it is another store's, of a newer format, or there is no key for it.
        IntegrityError: if it was changed or cut off.
    """
    header = Header.read(container.read, container.label)
    if header.kind not in kinds:
        wanted = " or ".join(KINDS[kind] for kind in kinds)
        raise InvalidArgument(f"{container.label} is a {KINDS[header.kind]}, not a {wanted}.")
    keys = keys_for(kms, header, container.label, unlock)
    return header, keys, reader_of(header, keys, container)


def key_to_write(keys: Keys, header: Header) -> bytes:
    """Returns the key of a container that is to be written, and says in its header whose it is."""
    key = keys.file_key(header.kind, header.file_id)
    header.say(rootKeyId=keys.root_ids()[-1])
    return key


def reader_of(header: Header, keys: Keys, container: Container) -> Reader:
    """Opens a container whose header was read, with the keys of its store.

    Raises:
        FailedPrecondition: if it was made under another root key than the store has.
        IntegrityError: if it was changed or cut off.
    """
    key = keys.file_key(header.kind, header.file_id)
    made_under, known = header.sections(container.label).get("rootKeyId", ""), keys.root_ids()
    if made_under and made_under not in known:
        raise FailedPrecondition(
            f"{container.label} says that it was made under the root key {str(made_under)[:40]!r}; the one "
            f"at hand is {known[0]!r}.",
            hint="A backup from before a rotation of the root key is restored where there is no store, with "
            "a copy of the root key's file of that time: --root-key-file.",
        )
    return Reader(header, key, container.read, container.label)


def check_current(header: Header, keys: Keys, reader: Reader) -> None:
    """Refuses a container that was opened before the root key was rotated: what is in it would never open.

    It is called while the workshop is held: until that is let go of, no rotation lets go of a root key.
    """
    if not reader.is_under(keys.file_key(header.kind, header.file_id)):
        raise FailedPrecondition("The root key was rotated in the meantime.", hint="Run the command again.")


def keys_for(kms: Kms, header: Header, label: str, unlock: Unlock) -> Keys:
    """Returns the keys of the store that made a container."""
    try:
        store = kms.find_store()
    except IntegrityError:
        if not unlock:
            raise
        store = None  # databases without their secrets, which the caller brings
    if store is not None:
        if store.keys.store_id != header.store_id:
            raise FailedPrecondition(
                f"{label} is of the store {header.store_id.hex()}, not of this one "
                f"({store.keys.store_id.hex()}).",
                hint="Restore it where there is no store yet: set KMSCTL_HOME to a new directory.",
            )
        return store.keys
    return _brought(kms, header, label, unlock)


def _brought(kms: Kms, header: Header, label: str, unlock: Unlock) -> KeyStore:
    from kmsctl.keystore.keystore import KeyStore
    from kmsctl.keystore.root import load_all

    if unlock.root_key_file is not None:
        roots = load_all(unlock.root_key_file)
        if not roots:
            raise InvalidArgument(f"There is no root key file {unlock.root_key_file}.")
        if roots[0].store_id != header.store_id:
            raise FailedPrecondition(
                f"{label} is of the store {header.store_id.hex()}; the root key in "
                f"{unlock.root_key_file} is of {roots[0].store_id.hex()}."
            )
    else:
        roots = [_included(header, label, unlock)]
    return KeyStore(kms.secrets_directory, roots, kms.random)


def _included(header: Header, label: str, unlock: Unlock) -> RootKey:
    """Returns the root key that a backup has in it."""
    from kmsctl.crypto import recipients
    from kmsctl.keystore.root import RootKey

    sealed = header.sections(label).get("rootKey")
    if not isinstance(sealed, dict):
        raise FailedPrecondition(
            f"There is no store here, and {label} does not include its root key.",
            hint="Give a copy of the root key's file with --root-key-file.",
        )
    binding = root_key_binding(header)
    try:
        if "kdf" in sealed:
            if unlock.passphrase is None:
                raise FailedPrecondition(
                    f"The root key in {label} is sealed with a passphrase.",
                    hint="Give it with --passphrase-file.",
                )
            key = recipients.open_with_passphrase(unlock.passphrase, sealed, binding)
        else:
            if unlock.private_key is None:
                raise FailedPrecondition(
                    f"The root key in {label} is sealed to the public key with the digest "
                    f"{str(sealed.get('publicKeyDigest'))[:64]!r}.",
                    hint="Give the private key with --private-key-file.",
                )
            key = recipients.open_with_private_key(unlock.private_key, unlock.passphrase, sealed, binding)
    except recipients.InvalidTag:
        raise FailedPrecondition(
            f"The root key in {label} does not open: the passphrase or private key is another one, or the "
            "file was changed."
        ) from None
    return RootKey.opened(header.store_id, key)
