"""The verbs of `Kms` that use keys."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.asymmetric_requests import (
        AsymmetricDecryptRequest,
        AsymmetricDecryptResponse,
        AsymmetricSignRequest,
        AsymmetricSignResponse,
        AsymmetricVerifyRequest,
        AsymmetricVerifyResponse,
        DecapsulateRequest,
        DecapsulateResponse,
        PublicKey,
    )
    from kmsctl.model.mac_requests import (
        MacSignRequest,
        MacSignResponse,
        MacVerifyRequest,
        MacVerifyResponse,
    )
    from kmsctl.model.names import CryptoKeyVersionName
    from kmsctl.model.random_requests import GenerateRandomBytesRequest, GenerateRandomBytesResponse
    from kmsctl.model.raw_requests import (
        RawDecryptRequest,
        RawDecryptResponse,
        RawEncryptRequest,
        RawEncryptResponse,
    )
    from kmsctl.model.requests import DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms


def _kms(verbs: OperationVerbs) -> Kms:
    """Returns the whole of which the verbs are a part."""
    return verbs  # type: ignore[return-value]  # nothing else is made of them


class OperationVerbs:
    """A part of `kmsctl.service.kms.Kms`. Each verb is one function in the module of its noun."""

    __slots__ = ()

    def encrypt(self, ctx: Context, request: EncryptRequest) -> EncryptResponse:
        from kmsctl.service import operations

        return operations.encrypt(_kms(self), ctx, request)

    def decrypt(self, ctx: Context, request: DecryptRequest) -> DecryptResponse:
        from kmsctl.service import operations

        return operations.decrypt(_kms(self), ctx, request)

    def asymmetric_sign(self, ctx: Context, request: AsymmetricSignRequest) -> AsymmetricSignResponse:
        from kmsctl.service import asymmetric

        return asymmetric.sign(_kms(self), ctx, request)

    def asymmetric_verify(self, ctx: Context, request: AsymmetricVerifyRequest) -> AsymmetricVerifyResponse:
        from kmsctl.service import asymmetric

        return asymmetric.verify(_kms(self), ctx, request)

    def asymmetric_decrypt(
        self, ctx: Context, request: AsymmetricDecryptRequest
    ) -> AsymmetricDecryptResponse:
        from kmsctl.service import asymmetric

        return asymmetric.decrypt(_kms(self), ctx, request)

    def decapsulate(self, ctx: Context, request: DecapsulateRequest) -> DecapsulateResponse:
        from kmsctl.service import asymmetric

        return asymmetric.decapsulate(_kms(self), ctx, request)

    def get_public_key(
        self, ctx: Context, name: CryptoKeyVersionName, public_key_format: str = "PEM"
    ) -> PublicKey:
        from kmsctl.service import asymmetric

        return asymmetric.public_key(_kms(self), ctx, name, public_key_format)

    def mac_sign(self, ctx: Context, request: MacSignRequest) -> MacSignResponse:
        from kmsctl.service import mac

        return mac.sign(_kms(self), ctx, request)

    def mac_verify(self, ctx: Context, request: MacVerifyRequest) -> MacVerifyResponse:
        from kmsctl.service import mac

        return mac.verify(_kms(self), ctx, request)

    def raw_encrypt(self, ctx: Context, request: RawEncryptRequest) -> RawEncryptResponse:
        from kmsctl.service import raw

        return raw.encrypt(_kms(self), ctx, request)

    def raw_decrypt(self, ctx: Context, request: RawDecryptRequest) -> RawDecryptResponse:
        from kmsctl.service import raw

        return raw.decrypt(_kms(self), ctx, request)

    def generate_random_bytes(
        self, ctx: Context, request: GenerateRandomBytesRequest
    ) -> GenerateRandomBytesResponse:
        from kmsctl.service import randomness

        return randomness.generate(_kms(self), ctx, request)
