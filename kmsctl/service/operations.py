"""Encrypt and Decrypt of symmetric keys."""

from __future__ import annotations

from kmsctl.crypto import checks, envelope
from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model import algorithms, states
from kmsctl.model.names import CryptoKeyVersionName
from kmsctl.model.protection import PROTECTION_LEVELS
from kmsctl.model.requests import DecryptResponse, EncryptResponse
from kmsctl.service import due
from kmsctl.service.call import not_found
from kmsctl.service.use import check_checksum, check_enabled, check_purpose, holding, token_name
from kmsctl.store import versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from kmsctl.model.names import CryptoKeyName
    from kmsctl.model.requests import DecryptRequest, EncryptRequest
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

    T = TypeVar("T")

#: One text for every way in which a ciphertext can be wrong, so that it tells a prober nothing.
DECRYPTION_FAILED = "Decryption failed: verify that 'name' refers to the correct CryptoKey."


def encrypt(kms: Kms, ctx: Context, request: EncryptRequest) -> EncryptResponse:
    verified_plaintext = check_checksum("plaintext", request.plaintext, request.plaintext_crc32c)
    verified_aad = check_checksum("additional_authenticated_data", request.aad, request.aad_crc32c)
    asked = request.name
    key_name = asked.parent if isinstance(asked, CryptoKeyVersionName) else asked

    def act(snapshot: Snapshot, key: Row) -> Callable[[], EncryptResponse]:
        check_purpose(key, asked, "Encrypt")
        number = key.integer("protection_level")
        level = PROTECTION_LEVELS[number]
        limits = algorithms.LIMITS[level]
        checks.length("plaintext", request.plaintext, limits.plaintext)
        checks.length("additional_authenticated_data", request.aad, limits.aad)
        name = _version_to_encrypt(key, asked, key_name)
        row = versions.find(snapshot, key, name)
        if row is None:
            raise not_found(name)
        _check_enabled(snapshot, row, name, asked)
        secret = versions.material(snapshot, row, name)
        header = envelope.header(row.blob("uid"))
        bound = envelope.associated_data(header, str(key_name), request.aad)
        token = token_name(snapshot, row, name)

        def use() -> EncryptResponse:
            used = holding(kms, number, name, token)
            if token is not None:
                kms.encryptions.count(kms, name, secret)
            ciphertext = header + used.encrypt(secret, request.plaintext, bound)
            return EncryptResponse(
                name,
                ciphertext,
                ciphertext_crc32c=crc32c(ciphertext),
                verified_plaintext_crc32c=verified_plaintext,
                verified_aad_crc32c=verified_aad,
                protection_level=level,
            )

        return use

    return due.use_key(kms, ctx, "Encrypt", asked, key_name, act, use=_do)


def decrypt(kms: Kms, ctx: Context, request: DecryptRequest) -> DecryptResponse:
    check_checksum("ciphertext", request.ciphertext, request.ciphertext_crc32c)
    check_checksum("additional_authenticated_data", request.aad, request.aad_crc32c)
    key_name = request.name

    def act(snapshot: Snapshot, key: Row) -> Callable[[], DecryptResponse]:
        check_purpose(key, key_name, "Decrypt")
        level = PROTECTION_LEVELS[key.integer("protection_level")]
        limits = algorithms.LIMITS[level]
        checks.length("ciphertext", request.ciphertext, 2 * limits.plaintext)
        checks.length("additional_authenticated_data", request.aad, limits.aad)
        try:
            header, uid, sealed = envelope.split(request.ciphertext)
        except envelope.MalformedCiphertext:
            raise InvalidArgument(DECRYPTION_FAILED) from None
        row = versions.find_by_uid(snapshot, key, key_name, uid)
        if row is None:
            raise InvalidArgument(DECRYPTION_FAILED)
        number = row.integer("number")
        name = key_name.version(number)
        check_enabled(snapshot, row, name)
        secret = versions.material(snapshot, row, name)
        bound = envelope.associated_data(header, str(key_name), request.aad)
        token = token_name(snapshot, row, name)
        used_primary = key.optional_integer("primary_version") == number

        def use() -> DecryptResponse:
            used = holding(kms, row.integer("protection_level"), name, token)
            try:
                plaintext = used.decrypt(secret, sealed, bound)
            except InvalidArgument:
                raise InvalidArgument(DECRYPTION_FAILED) from None
            return DecryptResponse(
                plaintext,
                plaintext_crc32c=crc32c(plaintext),
                used_primary=used_primary,
                protection_level=level,
                version=name,
            )

        return use

    return due.use_key(kms, ctx, "Decrypt", key_name, key_name, act, use=_do)


def _do(use: Callable[[], T]) -> T:
    return use()


def _version_to_encrypt(
    key: Row, asked: CryptoKeyName | CryptoKeyVersionName, key_name: CryptoKeyName
) -> CryptoKeyVersionName:
    if isinstance(asked, CryptoKeyVersionName):
        return asked
    primary = key.optional_integer("primary_version")
    if primary is None:
        raise FailedPrecondition(
            f"CryptoKey {key_name} has no primary version.",
            hint="Make one: kmsctl keys versions create --primary, or kmsctl keys set-primary-version.",
        )
    return key_name.version(primary)


def _check_enabled(
    snapshot: Snapshot, row: Row, name: CryptoKeyVersionName, asked: CryptoKeyName | CryptoKeyVersionName
) -> None:
    try:
        check_enabled(snapshot, row, name)
    except FailedPrecondition as error:
        if asked == name:
            raise
        enable = ""
        if versions.state_of(row, snapshot.now) == states.DISABLED:
            enable = f"Enable it again (kmsctl keys versions enable {name}), or m"
        error.hint = (
            f"This is the primary version of the key. {enable or 'M'}ake another version the primary: "
            "kmsctl keys set-primary-version."
        )
        raise
