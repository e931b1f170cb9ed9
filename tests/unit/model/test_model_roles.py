from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kmsctl.model.roles import ROLES, find

VECTORS = Path(__file__).parents[2] / "vectors" / "model"
ROWS = json.loads((VECTORS / "roles.json").read_text("utf-8"))["rows"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_role_is_what_google_publishes(row: dict[str, Any]) -> None:
    role = find(row["id"])
    assert role is not None
    assert role.id == row["id"]
    assert role.title == row["title"]
    assert list(role.permissions) == row["permissions"]
    assert role.stage == row.get("stage", "GA")
    assert role.description
    assert row.get("description", role.description) == role.description


def test_there_are_no_other_roles() -> None:
    assert [role.id for role in ROLES] == [row["id"] for row in ROWS]
    assert find("roles/cloudkms.nobody") is None
    assert find("cloudkms.admin") is None


def test_duties_are_separate() -> None:
    admin, encrypter = find("roles/cloudkms.admin"), find("roles/cloudkms.cryptoKeyEncrypter")
    editor, viewer = find("roles/editor"), find("roles/viewer")
    assert admin is not None
    assert encrypter is not None
    assert editor is not None
    assert viewer is not None
    assert "cloudkms.cryptoKeyVersions.useToDecrypt" not in admin.permissions
    assert "cloudkms.cryptoKeyVersions.useToDecrypt" not in encrypter.permissions
    assert "cloudkms.cryptoKeyVersions.destroy" not in editor.permissions
    assert not [
        permission for permission in viewer.permissions if permission.endswith((".update", ".create"))
    ]
