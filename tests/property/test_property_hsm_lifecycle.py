"""The life of keys in a SoftHSM token, against the model of test_property_lifecycle where it differs for them."""

from __future__ import annotations

import os
import shutil
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests import tokens
from tests.property.test_property_lifecycle import EXAMPLES, Key, Lifecycle, Model, Refused, Version
from tests.unit.service.hsm_world import HSM, HsmWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def token() -> Iterator[tokens.Token]:
    directory = tokens.scratch()
    before = os.environ.get("SOFTHSM2_CONF")
    try:
        made = tokens.make("softhsm", directory)
        os.environ.update(made.environment)
        yield made
    finally:
        shutil.rmtree(directory)
        if before is not None:
            os.environ["SOFTHSM2_CONF"] = before


class HsmModel(Model):
    """docs/decisions/0007-hsm.md: what is due is done before a change, and stays done if that is refused."""

    def state(self, version: Version) -> str:
        return version.state

    def check_still(self, verb: str, version: Version, name: str) -> None:
        if verb == "restore" and self.is_due(version, self.now):
            text = f"The destroy time of CryptoKeyVersion {name} has passed"
            raise Refused("FAILED_PRECONDITION", text)

    def change(self, name: str | None, act: Callable[[Key], object]) -> None:
        if self.behind:
            raise Refused("FAILED_PRECONDITION", "The clock says ")
        key = Key({}, None, None) if name is None else self.settle(name)
        before = deepcopy(self.keys)
        try:
            act(key)
        except Refused:
            self.refuse(before)
            raise
        self.commit()


class HsmLifecycle(Lifecycle):
    more: ClassVar[dict[str, Any]] = HSM
    token: ClassVar[tokens.Token]

    def make_world(self, path: Path) -> HsmWorld:
        return HsmWorld(path, self.token)

    def make_model(self) -> HsmModel:
        return HsmModel()

    def check_everything(self) -> None:
        super().check_everything()
        for name, (cka_id, _) in self.world.objects().items():  # type: ignore[attr-defined]
            assert self.world.holds(cka_id), name  # type: ignore[attr-defined]


def test_the_life_of_keys_in_a_token(token: tokens.Token) -> None:
    HsmLifecycle.token = token
    run_state_machine_as_test(
        HsmLifecycle, settings=settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
    )
