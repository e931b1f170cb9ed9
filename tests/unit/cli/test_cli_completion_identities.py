"""What a Tab is told of members, roles, permissions, service accounts and groups."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.cli.completion import identities, names
from kmsctl.model.iam_resources import IamRole
from kmsctl.model.names import ProjectName
from kmsctl.model.policies import with_binding
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = Context("owner@example.com")
LOCAL = ProjectName("local")
RUNNER = "runner@local.iam.gserviceaccount.com"
NAUGHTY = "`rm -rf` $(rm -rf)"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    kms = Kms(str(place / "data"), str(place / "config" / "store"))
    kms.create_project(OWNER, LOCAL)
    kms.create_service_account(OWNER, LOCAL, "runner", display_name=NAUGHTY)
    kms.create_group(OWNER, LOCAL, "team@example.com", display_name=NAUGHTY, description=NAUGHTY)
    kms.create_custom_role(OWNER, LOCAL, "rotator", IamRole("", NAUGHTY, "", "", []))
    kms.create_custom_role(OWNER, LOCAL, "retired", IamRole("", "", "", "", []))
    kms.set_custom_role_deleted(OWNER, LOCAL, "retired", deleted=True)
    kms.create_group(OWNER, ProjectName("other"), "theirs@example.com")
    policy = kms.get_iam_policy(OWNER, LOCAL)
    for member in ("user:ann@example.com", "domain:example.com", f"serviceAccount:{RUNNER}"):
        policy = with_binding(policy, "roles/viewer", member, None)
    kms.set_iam_policy(OWNER, LOCAL, policy, ["bindings"])
    kms.close()
    return place


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("KMSCTL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KMSCTL_HOME", str(home))
    monkeypatch.setenv("KMSCTL_CORE_ACCOUNT", "me@example.com")
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    yield
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


def words(*args: str) -> list[str]:
    return [name for name, _ in names.find(args)]


def test_members_are_those_that_the_project_knows() -> None:
    assert words("member", "") == [
        "allAuthenticatedUsers",
        "allUsers",
        "domain:example.com",
        "group:team@example.com",
        f"serviceAccount:{RUNNER}",
        "user:ann@example.com",
        "user:me@example.com",
        "user:owner@example.com",
    ]
    assert words("member", "user:a") == ["user:ann@example.com"]
    assert words("member", "nobody") == []


def test_roles_are_googles_and_the_projects() -> None:
    assert words("role", "roles/cloudkms.signer") == [
        "roles/cloudkms.signer",
        "roles/cloudkms.signerVerifier",
    ]
    assert words("role", "projects/") == ["projects/local/roles/rotator"]
    assert words("role", "")[0] == "projects/local/roles/rotator"
    assert words("custom-role", "") == ["rotator"]
    assert words("custom-role", "x") == []


def test_accounts_and_groups_are_the_projects() -> None:
    assert words("service-account", "") == [RUNNER]
    assert words("service-account", "run") == [RUNNER]
    assert words("group", "") == ["team@example.com"]
    assert words("group", "", "--project=other") == ["theirs@example.com"]
    assert words("service-account", "", "--project=other") == []


def test_permissions_and_services_need_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path))
    assert words("permission", "cloudkms.cryptoKeyVersions.useToE") == [
        "cloudkms.cryptoKeyVersions.useToEncrypt",
        "cloudkms.cryptoKeyVersions.useToEncryptViaDelegation",
    ]
    assert words("service", "storage.") == ["storage.googleapis.com"]
    assert words("role", "roles/own") == ["roles/owner"]
    assert words("group", "") == words("service-account", "") == []
    assert words("member", "") == ["allAuthenticatedUsers", "allUsers", "user:me@example.com"]


@pytest.mark.parametrize("kind", sorted(identities.KINDS))
def test_what_people_wrote_does_not_reach_the_shell(kind: str) -> None:
    for name, about in names.find([kind, ""]):
        assert (name + about).isascii()
        assert (name + about).isprintable()
        assert "`" not in name + about
