"""The verbs of asymmetric keys: sign, verify, decrypt, decapsulate, show the public key."""

from __future__ import annotations

from kmsctl.crypto import checks
from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import InvalidArgument
from kmsctl.model.algorithms import PUBLIC_KEY_FORMATS
from kmsctl.model.asymmetric_requests import (
    AsymmetricDecryptResponse,
    AsymmetricSignResponse,
    AsymmetricVerifyResponse,
    DecapsulateResponse,
    PublicKey,
)
from kmsctl.service.use import check_checksum, use_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Digest
    from kmsctl.model.asymmetric_requests import (
        AsymmetricDecryptRequest,
        AsymmetricSignRequest,
        AsymmetricVerifyRequest,
        DecapsulateRequest,
    )
    from kmsctl.model.names import CryptoKeyVersionName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.use import Use


def sign(kms: Kms, ctx: Context, request: AsymmetricSignRequest) -> AsymmetricSignResponse:
    verified_digest = _check_digest(request.digest, request.digest_crc32c)
    verified_data = _check_data(request.data, request.data_crc32c)

    def serve(use: Use) -> AsymmetricSignResponse:
        if request.data is not None:
            checks.length("data", request.data, use.limits.data)
        signature = use.backend.sign(use.algorithm, use.secret, digest=request.digest, data=request.data)
        return AsymmetricSignResponse(
            request.name,
            signature,
            signature_crc32c=crc32c(signature),
            verified_digest_crc32c=verified_digest,
            verified_data_crc32c=verified_data,
            protection_level=use.level,
        )

    return use_version(kms, ctx, "AsymmetricSign", request.name, serve, secret=True)


def verify(kms: Kms, ctx: Context, request: AsymmetricVerifyRequest) -> AsymmetricVerifyResponse:
    """Says whether a signature is right, by the stored public key of an ENABLED version.

    To the service it is GetPublicKey: a caller who may have the public key could verify on his own.
    """
    verified_digest = _check_digest(request.digest, request.digest_crc32c)
    verified_data = _check_data(request.data, request.data_crc32c)
    verified_signature = check_checksum("signature", request.signature, request.signature_crc32c)

    def serve(use: Use) -> AsymmetricVerifyResponse:
        if request.data is not None:
            checks.length("data", request.data, use.limits.data)
        success = use.backend.verify(
            use.algorithm, use.public, request.signature, digest=request.digest, data=request.data
        )
        return AsymmetricVerifyResponse(
            request.name,
            success,
            verified_signature_crc32c=verified_signature,
            verified_digest_crc32c=verified_digest,
            verified_data_crc32c=verified_data,
            verified_success_integrity=success,
            protection_level=use.level,
        )

    return use_version(
        kms, ctx, "GetPublicKey", request.name, serve, secret=False, operation="AsymmetricSign"
    )


def decrypt(kms: Kms, ctx: Context, request: AsymmetricDecryptRequest) -> AsymmetricDecryptResponse:
    verified = check_checksum("ciphertext", request.ciphertext, request.ciphertext_crc32c)

    def serve(use: Use) -> AsymmetricDecryptResponse:
        plaintext = use.backend.asymmetric_decrypt(use.algorithm, use.secret, request.ciphertext)
        return AsymmetricDecryptResponse(
            request.name,
            plaintext,
            plaintext_crc32c=crc32c(plaintext),
            verified_ciphertext_crc32c=verified,
            protection_level=use.level,
        )

    return use_version(kms, ctx, "AsymmetricDecrypt", request.name, serve, secret=True)


def decapsulate(kms: Kms, ctx: Context, request: DecapsulateRequest) -> DecapsulateResponse:
    verified = check_checksum("ciphertext", request.ciphertext, request.ciphertext_crc32c)

    def serve(use: Use) -> DecapsulateResponse:
        shared = use.backend.decapsulate(use.algorithm, use.secret, request.ciphertext)
        return DecapsulateResponse(
            request.name,
            shared,
            shared_secret_crc32c=crc32c(shared),
            verified_ciphertext_crc32c=verified,
            protection_level=use.level,
        )

    return use_version(kms, ctx, "Decapsulate", request.name, serve, secret=True)


def public_key(kms: Kms, ctx: Context, name: CryptoKeyVersionName, form: str) -> PublicKey:
    """Returns the public key in `form`, one of `PUBLIC_KEY_FORMATS`."""
    if form not in PUBLIC_KEY_FORMATS:
        raise InvalidArgument(f"public_key_format: '{form}' is not a PublicKeyFormat.")

    def serve(use: Use) -> PublicKey:
        data = use.backend.public_key(use.algorithm, use.public, form)
        return PublicKey(
            name,
            data,
            data_crc32c=crc32c(data),
            algorithm=use.algorithm.enum,
            public_key_format=form,
            protection_level=use.level,
        )

    return use_version(kms, ctx, "GetPublicKey", name, serve, secret=False)


def _check_digest(digest: Digest | None, checksum: int | None) -> bool:
    return digest is not None and check_checksum("digest", digest.value, checksum)


def _check_data(data: bytes | None, checksum: int | None) -> bool:
    return data is not None and check_checksum("data", data, checksum)
