"""What every use of a version refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import FailedPrecondition, NotFound, PermissionDenied
from kmsctl.model.names import CryptoKeyName
from tests.unit.service.world import DAY, KEY, OWNER, RING, STRANGER, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.model.names import CryptoKeyVersionName


def check_refusals(world: World, call: Callable[..., None], name: CryptoKeyVersionName) -> None:
    """Checks who may not, what is not there, other purposes and other states; `call` uses a version.

    Args:
        world: its store, in which `KEY` has one version.
        call: takes the version, and a context if it is not the owner's.
        name: a version that can be used. It is destroyed in the end.
    """
    symmetric = world.make_key(CryptoKeyName(RING, "symmetric")).version(1)
    with pytest.raises(PermissionDenied):
        call(name, STRANGER)
    with pytest.raises(NotFound, match=f"^CryptoKeyVersion {KEY.version(2)} not found"):
        call(KEY.version(2))
    with pytest.raises(FailedPrecondition) as caught:
        call(symmetric)
    assert caught.value.message == (
        f"Operation requested for Key {symmetric} has incorrect key purpose: ENCRYPT_DECRYPT"
    )
    before = world.generation(), len(world.records())
    call(name)
    assert (world.generation(), len(world.records())) == before
    world.kms.update_crypto_key_version(OWNER, name, "DISABLED")
    with pytest.raises(FailedPrecondition, match=f"^{name} is not enabled, current state is: DISABLED"):
        call(name)
    world.kms.destroy_crypto_key_version(OWNER, name)
    world.clock.now += DAY
    with pytest.raises(FailedPrecondition, match=f"^{name} is not enabled, current state is: DESTROYED"):
        call(name)
