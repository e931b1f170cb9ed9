from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kmsctl.model.grants import STORE_PERMISSIONS, all_roles, permissions_of
from kmsctl.model.methods import ADMIN_READ, ADMIN_WRITE, DATA_READ, METHODS
from kmsctl.model.roles import ROLES

VECTORS = Path(__file__).parents[2] / "vectors" / "model"
ROWS = json.loads((VECTORS / "methods.json").read_text("utf-8"))["rows"]
OWN = {
    "StoreStatus": ("kmsctl.store.get", ADMIN_READ),
    "VerifyStore": ("kmsctl.store.verify", ADMIN_READ),
    "MaintainStore": ("kmsctl.store.maintain", ADMIN_WRITE),
    "RepairStore": ("kmsctl.store.repair", ADMIN_WRITE),
    "AcceptRollback": ("kmsctl.store.acceptRollback", ADMIN_WRITE),
    "ListProtectors": ("kmsctl.store.protectors", ADMIN_READ),
    "AddProtector": ("kmsctl.store.protectors", ADMIN_WRITE),
    "RemoveProtector": ("kmsctl.store.protectors", ADMIN_WRITE),
    "RotateMasterKey": ("kmsctl.store.rotate", ADMIN_WRITE),
    "RotateRootKey": ("kmsctl.store.rotate", ADMIN_WRITE),
    "VerifyLogs": ("kmsctl.store.verifyLogs", ADMIN_READ),
    "ExportLogs": ("kmsctl.store.exportLogs", DATA_READ),
    "RetainLogs": ("kmsctl.store.retainLogs", ADMIN_WRITE),
    "GetAuditKey": ("kmsctl.store.get", ADMIN_READ),
    "CreateBackup": ("kmsctl.store.backup", ADMIN_WRITE),
    "ListBackups": ("kmsctl.store.backup", ADMIN_READ),
    "VerifyBackup": ("kmsctl.store.backup", ADMIN_READ),
    "PruneBackups": ("kmsctl.store.backup", ADMIN_WRITE),
    "ExportTombstones": ("kmsctl.store.backup", ADMIN_READ),
    "RestoreBackup": ("kmsctl.store.restore", ADMIN_WRITE),
    "CreateSnapshot": ("kmsctl.store.snapshot", ADMIN_WRITE),
    "ListSnapshots": ("kmsctl.store.snapshot", ADMIN_READ),
    "RestoreSnapshot": ("kmsctl.store.restore", ADMIN_WRITE),
    "GetStorePublicKey": ("kmsctl.store.import", ADMIN_WRITE),
    "ExportKeyRing": ("kmsctl.store.export", ADMIN_WRITE),
    "ImportKeyRing": ("kmsctl.store.import", ADMIN_WRITE),
}
#: Of the services beside Cloud KMS: logging, projects, IAM, service usage, and groups.
BESIDE = {
    "ListLogEntries",
    "CreateProject",
    "GetProject",
    "ListProjects",
    "CreateServiceAccount",
    "ListServiceAccounts",
    "GetServiceAccount",
    "EnableServiceAccount",
    "DisableServiceAccount",
    "DeleteServiceAccount",
    "CreateRole",
    "ListRoles",
    "GetRole",
    "UpdateRole",
    "DeleteRole",
    "UndeleteRole",
    "GenerateServiceIdentity",
    "CreateGroup",
    "GetGroup",
    "ListGroups",
    "UpdateGroup",
    "DeleteGroup",
    "ExplainAccess",
    "ImportGroups",
    "ListFindings",
    "ListCryptoKeyHistory",
    "ListKeyRingHistory",
    "CreateTagBinding",
}
AUTOMATIC = {
    "RotateCryptoKey",
    "CompleteDestroyCryptoKeyVersion",
    "GenerateCryptoKeyVersion",
    "CompleteImportCryptoKeyVersion",
    "FailCryptoKeyVersion",
    "GenerateImportJob",
    "FailImportJob",
    "ExpireImportJob",
}
#: Not on the audit page; recorded as use of a key.
CHOSEN_AUDIT_TYPE = {"ExportTrustedKeyWrappedCryptoKeyVersion": DATA_READ}
#: Alternatives: create for a new version, update for one that is imported into again.
ALTERNATIVES = {"ImportCryptoKeyVersion": "cloudkms.cryptoKeyVersions.update"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['name']}-{row['checked_on']}")
def test_a_method_asks_for_what_cloud_kms_asks_for(row: dict[str, Any]) -> None:
    method = METHODS[row["name"]]
    needed = [permission for permission in row["permissions"] if permission != ALTERNATIVES.get(method.name)]
    kind = row["checked_on"]
    first = method.permission_on(kind)
    assert [first, *(permission for permission, _ in method.also)] == (needed or [None])
    assert method.checked_on in (kind, "resource")
    assert method.audit_type == CHOSEN_AUDIT_TYPE.get(method.name, row["audit_type"])


def test_there_are_no_other_methods() -> None:
    assert set(METHODS) == {row["name"] for row in ROWS} | set(OWN) | AUTOMATIC | BESIDE
    assert all(METHODS[name].name == name for name in METHODS)


@pytest.mark.parametrize("name", OWN)
def test_the_stores_own_methods(name: str) -> None:
    method = METHODS[name]
    assert (method.permission, method.audit_type) == OWN[name]
    assert method.checked_on == "store"


@pytest.mark.parametrize("name", sorted(AUTOMATIC))
def test_what_the_service_does_by_itself_asks_nobody_and_is_recorded(name: str) -> None:
    method = METHODS[name]
    assert (method.permission, method.checked_on) == (None, None)
    assert method.audit_type == ADMIN_WRITE


def test_only_known_methods_need_no_permission() -> None:
    free = {name for name, method in METHODS.items() if method.permission is None}
    assert free == {"TestIamPermissions", "CreateProject", "ListProjects"} | AUTOMATIC


def test_policies_of_a_project_are_resource_managers() -> None:
    assert METHODS["SetIamPolicy"].permission_on("project") == "resourcemanager.projects.setIamPolicy"


def test_a_kind_without_a_policy_has_no_permission_and_the_template_is_in_no_role() -> None:
    with pytest.raises(KeyError):
        METHODS["SetIamPolicy"].permission_on("cryptoKeyVersion")
    granted = {permission for role in ROLES for permission in role.permissions}
    assert METHODS["SetIamPolicy"].permission not in granted


def test_the_owner_holds_every_permission_of_cloud_kms() -> None:
    owner = permissions_of("roles/owner")
    assert owner is not None
    for method in METHODS.values():
        if method.checked_on in (None, "resource"):
            continue
        assert method.permission in owner
        assert all(permission in owner for permission, _ in method.also)


def test_the_owner_alone_holds_the_stores_permissions() -> None:
    asked = {method.permission for method in METHODS.values() if method.checked_on == "store"}
    assert asked <= set(STORE_PERMISSIONS)
    for role in all_roles():
        held = {permission for permission in role.permissions if permission.startswith("kmsctl.store.")}
        assert held == (set(STORE_PERMISSIONS) if role.id == "roles/owner" else set())
