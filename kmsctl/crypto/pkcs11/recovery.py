"""The public key of an EC private key that was unwrapped inside a token, which no attribute tells.

From a signature (r, s) over the digest e follows Q = r⁻¹ (s·R - e·G), where R is a point with the x
coordinate r (SEC 1, 4.1.6). With e = 0 that is the point (s/r)·R, whose x coordinate is what ECDH of the
scalar s/r with R answers. Q or -Q is the public key: a second signature says which.
"""

from __future__ import annotations

from pkcs11.mechanisms import Mechanism

from kmsctl.errors import TokenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.model.algorithms import Algorithm

#: The orders of the groups (SP 800-186, 3.2.1; SEC 2, 2.4.1).
ORDERS = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16
    ),
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
_MESSAGE = b"which of the two"


def public_key(private: Any, algorithm: Algorithm) -> bytes:
    """Returns the SubjectPublicKeyInfo that belongs to a private key of the token.

    Raises:
        TokenError: if the token's signatures belong to no public key.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    from kmsctl.crypto.pkcs11 import asymmetric, public_keys
    from kmsctl.crypto.software import SoftwareBackend
    from kmsctl.crypto.software.ec import CURVES

    curve = CURVES[algorithm.parameters]()
    order = ORDERS[algorithm.parameters or ""]
    zeros = bytes(len(asymmetric.digest_of(algorithm, b"")))
    signature = bytes(private.sign(zeros, mechanism=Mechanism.ECDSA))
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    size = (curve.key_size + 7) // 8
    point = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x02" + r.to_bytes(size, "big"))
    scalar = ec.derive_private_key(s * pow(r, -1, order) % order, curve)
    abscissa = scalar.exchange(ec.ECDH(), point)
    second = asymmetric.sign(private, algorithm, asymmetric.digest_of(algorithm, _MESSAGE))
    for sign in (b"\x02", b"\x03"):
        candidate = public_keys.der(ec.EllipticCurvePublicKey.from_encoded_point(curve, sign + abscissa))
        if SoftwareBackend().verify(algorithm, candidate, second, data=_MESSAGE):
            return candidate
    raise TokenError(f"The token computes {algorithm.enum} wrongly.")
