"""The verbs of MAC keys."""

from __future__ import annotations

from kmsctl.crypto import checks
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.mac_requests import MacSignResponse, MacVerifyResponse
from kmsctl.service.use import check_checksum, use_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.mac_requests import MacSignRequest, MacVerifyRequest
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.use import Use


def sign(kms: Kms, ctx: Context, request: MacSignRequest) -> MacSignResponse:
    verified = check_checksum("data", request.data, request.data_crc32c)

    def serve(use: Use) -> MacSignResponse:
        checks.length("data", request.data, use.limits.mac_data)
        mac = use.backend.mac_sign(use.algorithm, use.secret, request.data)
        return MacSignResponse(
            request.name,
            mac,
            mac_crc32c=crc32c(mac),
            verified_data_crc32c=verified,
            protection_level=use.level,
        )

    return use_version(kms, ctx, "MacSign", request.name, serve, secret=True)


def verify(kms: Kms, ctx: Context, request: MacVerifyRequest) -> MacVerifyResponse:
    verified_data = check_checksum("data", request.data, request.data_crc32c)
    verified_mac = check_checksum("mac", request.mac, request.mac_crc32c)

    def serve(use: Use) -> MacVerifyResponse:
        checks.length("data", request.data, use.limits.mac_data)
        success = use.backend.mac_verify(use.algorithm, use.secret, request.data, request.mac)
        return MacVerifyResponse(
            request.name,
            success,
            verified_data_crc32c=verified_data,
            verified_mac_crc32c=verified_mac,
            verified_success_integrity=success,
            protection_level=use.level,
        )

    return use_version(kms, ctx, "MacVerify", request.name, serve, secret=True)
