"""Raw encryption: AES in the mode that the key's algorithm names, without kmsctl's header."""

from __future__ import annotations

from kmsctl.crypto import checks
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.raw_requests import RawDecryptResponse, RawEncryptResponse
from kmsctl.service.use import check_checksum, count_encryption, use_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.raw_requests import RawDecryptRequest, RawEncryptRequest
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.use import Use

#: What AES-GCM's tag, or a block of padding of one's own, may add to a plaintext.
_OVERHEAD = 16


def encrypt(kms: Kms, ctx: Context, request: RawEncryptRequest) -> RawEncryptResponse:
    verified_plaintext = check_checksum("plaintext", request.plaintext, request.plaintext_crc32c)
    verified_aad = check_checksum("additional_authenticated_data", request.aad, request.aad_crc32c)
    verified_iv = check_checksum("initialization_vector", request.iv, request.iv_crc32c)

    def serve(use: Use) -> RawEncryptResponse:
        checks.length("plaintext", request.plaintext, use.limits.plaintext)
        checks.length("additional_authenticated_data", request.aad, use.limits.aad)
        count_encryption(kms, request.name, use)
        made = use.backend.raw_encrypt(
            use.algorithm, use.secret, request.plaintext, aad=request.aad, iv=request.iv
        )
        return RawEncryptResponse(
            request.name,
            made.ciphertext,
            made.iv,
            tag_length=made.tag_length,
            ciphertext_crc32c=crc32c(made.ciphertext),
            iv_crc32c=crc32c(made.iv),
            verified_plaintext_crc32c=verified_plaintext,
            verified_aad_crc32c=verified_aad,
            verified_iv_crc32c=verified_iv,
            protection_level=use.level,
        )

    return use_version(kms, ctx, "RawEncrypt", request.name, serve, secret=True)


def decrypt(kms: Kms, ctx: Context, request: RawDecryptRequest) -> RawDecryptResponse:
    verified_ciphertext = check_checksum("ciphertext", request.ciphertext, request.ciphertext_crc32c)
    verified_aad = check_checksum("additional_authenticated_data", request.aad, request.aad_crc32c)
    verified_iv = check_checksum("initialization_vector", request.iv, request.iv_crc32c)

    def serve(use: Use) -> RawDecryptResponse:
        checks.length("ciphertext", request.ciphertext, use.limits.plaintext + _OVERHEAD)
        checks.length("additional_authenticated_data", request.aad, use.limits.aad)
        plaintext = use.backend.raw_decrypt(
            use.algorithm,
            use.secret,
            request.ciphertext,
            iv=request.iv,
            aad=request.aad,
            tag_length=request.tag_length,
        )
        return RawDecryptResponse(
            request.name,
            plaintext,
            plaintext_crc32c=crc32c(plaintext),
            verified_ciphertext_crc32c=verified_ciphertext,
            verified_aad_crc32c=verified_aad,
            verified_iv_crc32c=verified_iv,
            protection_level=use.level,
        )

    return use_version(kms, ctx, "RawDecrypt", request.name, serve, secret=True)
