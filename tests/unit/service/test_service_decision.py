"""Every method with every permission but the right one, inheritance, and what a refused caller learns."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import KmsError, NotFound, PermissionDenied
from kmsctl.model.asymmetric_requests import (
    AsymmetricDecryptRequest,
    AsymmetricSignRequest,
    DecapsulateRequest,
)
from kmsctl.model.grants import permissions_of
from kmsctl.model.iam_resources import IamRole
from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
from kmsctl.model.mac_requests import MacSignRequest, MacVerifyRequest
from kmsctl.model.methods import ADMIN_READ, DATA_READ, METHODS
from kmsctl.model.names import ImportJobName, KeyRingName, LocationName, ProjectName, ServiceAccountName
from kmsctl.model.policies import AuditConfig, Binding, Policy, with_binding
from kmsctl.model.random_requests import GenerateRandomBytesRequest
from kmsctl.model.raw_requests import RawDecryptRequest, RawEncryptRequest
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.service.authorize import grants
from kmsctl.service.context import Context
from kmsctl.service.restores import RestoreRequest
from kmsctl.service.unlocking import Container, Unlock
from tests.unit.service.protection import Answers, Wanted
from tests.unit.service.world import KEY, OWNER, PLACE, PROJECT, RING, STRANGER, World, spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kmsctl.service.kms import Kms

ANN = Context("ann@example.com")
ME = ProjectName(PROJECT)
VERSION = KEY.version(1)
ROLE = f"projects/{PROJECT}/roles/some"
ACCOUNT = ServiceAccountName("-", f"runner@{PROJECT}.iam.gserviceaccount.com")
JOB = ImportJobName(RING, "job")
OTHER_RING = KeyRingName(LocationName(PROJECT, PLACE), "other")

#: Method of the table → a call of it.
CALLS: dict[str, Callable[[Kms, Context], Any]] = {
    "ListKeyRings": lambda kms, ctx: list(kms.list_key_rings(ctx, RING.parent)),
    "GetKeyRing": lambda kms, ctx: kms.get_key_ring(ctx, RING),
    "CreateKeyRing": lambda kms, ctx: kms.create_key_ring(ctx, OTHER_RING),
    "CreateTagBinding": lambda kms, ctx: kms.create_key_ring(ctx, OTHER_RING, tags={f"{PROJECT}/env": "x"}),
    "ListKeyRingHistory": lambda kms, ctx: list(kms.list_history(ctx, RING)),
    "ListCryptoKeyHistory": lambda kms, ctx: list(kms.list_history(ctx, KEY)),
    "ListCryptoKeys": lambda kms, ctx: list(kms.list_crypto_keys(ctx, RING)),
    "GetCryptoKey": lambda kms, ctx: kms.get_crypto_key(ctx, KEY),
    "CreateCryptoKey": lambda kms, ctx: kms.create_crypto_key(ctx, type(KEY)(RING, "more"), spec()),
    "UpdateCryptoKey": lambda kms, ctx: kms.update_crypto_key(ctx, KEY, {"labels": {"a": "b"}}),
    "UpdateCryptoKeyPrimaryVersion": lambda kms, ctx: kms.update_crypto_key_primary_version(ctx, KEY, 1),
    "ListCryptoKeyVersions": lambda kms, ctx: list(kms.list_crypto_key_versions(ctx, KEY)),
    "GetCryptoKeyVersion": lambda kms, ctx: kms.get_crypto_key_version(ctx, VERSION),
    "CreateCryptoKeyVersion": lambda kms, ctx: kms.create_crypto_key_version(ctx, KEY),
    "UpdateCryptoKeyVersion": lambda kms, ctx: kms.update_crypto_key_version(ctx, VERSION, "DISABLED"),
    "DestroyCryptoKeyVersion": lambda kms, ctx: kms.destroy_crypto_key_version(ctx, VERSION),
    "RestoreCryptoKeyVersion": lambda kms, ctx: kms.restore_crypto_key_version(ctx, VERSION),
    "Encrypt": lambda kms, ctx: kms.encrypt(ctx, EncryptRequest(KEY, b"x")),
    "Decrypt": lambda kms, ctx: kms.decrypt(ctx, DecryptRequest(KEY, b"x")),
    "AsymmetricSign": lambda kms, ctx: kms.asymmetric_sign(ctx, AsymmetricSignRequest(VERSION, data=b"x")),
    "AsymmetricDecrypt": lambda kms, ctx: kms.asymmetric_decrypt(
        ctx, AsymmetricDecryptRequest(VERSION, b"x")
    ),
    "Decapsulate": lambda kms, ctx: kms.decapsulate(ctx, DecapsulateRequest(VERSION, b"x")),
    "GetPublicKey": lambda kms, ctx: kms.get_public_key(ctx, VERSION),
    "MacSign": lambda kms, ctx: kms.mac_sign(ctx, MacSignRequest(VERSION, b"x")),
    "MacVerify": lambda kms, ctx: kms.mac_verify(ctx, MacVerifyRequest(VERSION, b"x", b"y")),
    "RawEncrypt": lambda kms, ctx: kms.raw_encrypt(ctx, RawEncryptRequest(VERSION, b"x")),
    "RawDecrypt": lambda kms, ctx: kms.raw_decrypt(ctx, RawDecryptRequest(VERSION, b"x", b"y" * 12)),
    "GenerateRandomBytes": lambda kms, ctx: kms.generate_random_bytes(
        ctx, GenerateRandomBytesRequest(RING.parent, 8)
    ),
    "ListImportJobs": lambda kms, ctx: list(kms.list_import_jobs(ctx, RING)),
    "GetImportJob": lambda kms, ctx: kms.get_import_job(ctx, JOB),
    "CreateImportJob": lambda kms, ctx: kms.create_import_job(ctx, JOB, "RSA_OAEP_3072_SHA256", "HSM"),
    "ListLocations": lambda kms, ctx: list(kms.list_locations(ctx, PROJECT)),
    "GetLocation": lambda kms, ctx: kms.get_location(ctx, RING.parent),
    "GetIamPolicy": lambda kms, ctx: kms.get_iam_policy(ctx, KEY),
    "SetIamPolicy": lambda kms, ctx: kms.set_iam_policy(ctx, KEY, Policy(), ["bindings"]),
    "ListLogEntries": lambda kms, ctx: list(kms.list_log_entries(ctx, [PROJECT])),
    "GetProject": lambda kms, ctx: kms.get_project(ctx, ME),
    "CreateServiceAccount": lambda kms, ctx: kms.create_service_account(ctx, ME, "another"),
    "ListServiceAccounts": lambda kms, ctx: list(kms.list_service_accounts(ctx, ME)),
    "GetServiceAccount": lambda kms, ctx: kms.get_service_account(ctx, ACCOUNT),
    "EnableServiceAccount": lambda kms, ctx: kms.set_service_account_disabled(ctx, ACCOUNT, disabled=False),
    "DisableServiceAccount": lambda kms, ctx: kms.set_service_account_disabled(ctx, ACCOUNT, disabled=True),
    "DeleteServiceAccount": lambda kms, ctx: kms.delete_service_account(ctx, ACCOUNT),
    "GenerateServiceIdentity": lambda kms, ctx: kms.create_service_identity(
        ctx, ME, "storage.googleapis.com"
    ),
    "CreateRole": lambda kms, ctx: kms.create_custom_role(ctx, ME, "new.role", IamRole("", "", "", "", [])),
    "ListRoles": lambda kms, ctx: list(kms.list_custom_roles(ctx, ME)),
    "GetRole": lambda kms, ctx: kms.get_custom_role(ctx, ME, "some"),
    "UpdateRole": lambda kms, ctx: kms.update_custom_role(ctx, ME, "some", {"title": "t"}),
    "DeleteRole": lambda kms, ctx: kms.set_custom_role_deleted(ctx, ME, "unused", deleted=True),
    "UndeleteRole": lambda kms, ctx: kms.set_custom_role_deleted(ctx, ME, "unused", deleted=False),
    "CreateGroup": lambda kms, ctx: kms.create_group(ctx, ME, "g@example.com"),
    "GetGroup": lambda kms, ctx: kms.get_group(ctx, ME, "team@example.com"),
    "ListGroups": lambda kms, ctx: list(kms.list_groups(ctx, ME)),
    "UpdateGroup": lambda kms, ctx: kms.change_group_members(ctx, ME, "team@example.com"),
    "ImportGroups": lambda kms, ctx: kms.import_groups(ctx, ME, []),
    "DeleteGroup": lambda kms, ctx: kms.delete_group(ctx, ME, "team@example.com"),
    "ImportCryptoKeyVersion": lambda kms, ctx: kms.import_crypto_key_version(
        ctx,
        ImportCryptoKeyVersionRequest(
            KEY, algorithm="GOOGLE_SYMMETRIC_ENCRYPTION", import_job=JOB, wrapped_key=b"x"
        ),
    ),
    "ListFindings": lambda kms, ctx: list(kms.list_findings(ctx, ME)),
    "ExplainAccess": lambda kms, ctx: kms.who_can(ctx, "cloudkms.cryptoKeys.get", KEY),
}
#: Method → the permissions of the methods in whose calls it is asked for.
ON_THE_WAY = {"CreateTagBinding": {"cloudkms.keyRings.create"}}


def verify_backup(kms: Kms, ctx: Context) -> None:
    list(kms.verify_backup(ctx, whole(kms), Unlock(), manifest=lambda _: None))


def restore_backup(kms: Kms, ctx: Context) -> None:
    kms.restore_backup(ctx, whole(kms), RestoreRequest("a drill"), Unlock(), confirm=lambda _: True)


def restore_snapshot(kms: Kms, ctx: Context) -> None:
    kms.create_snapshot(OWNER)
    newest = kms.list_snapshots(OWNER)[-1].id
    kms.restore_snapshot(ctx, newest, RestoreRequest("a drill"), confirm=lambda _: True)


def export_key_ring(kms: Kms, ctx: Context) -> None:
    kms.export_key_ring(ctx, RING, kms.get_store_public_key(OWNER), lambda _: None)


def whole(kms: Kms) -> Container:
    """Returns a backup that the owner made."""
    pieces: list[bytes] = []
    kms.create_backup(OWNER, pieces.append)
    return Container(BytesIO(b"".join(pieces)).read, "the backup")


STORE_CALLS: dict[str, Callable[[Kms, Context], Any]] = {
    "StoreStatus": lambda kms, ctx: kms.store_status(ctx),
    "ExportLogs": lambda kms, ctx: list(kms.export_logs(ctx)),
    "GetAuditKey": lambda kms, ctx: kms.describe_logs(ctx),
    "RetainLogs": lambda kms, ctx: kms.remove_log_entries(ctx, 0),
    "VerifyLogs": lambda kms, ctx: list(kms.verify_logs(ctx)),
    "VerifyStore": lambda kms, ctx: list(kms.verify_store(ctx)),
    "MaintainStore": lambda kms, ctx: kms.maintain_store(ctx, confirm_clock=lambda _: True),
    "CreateBackup": lambda kms, ctx: kms.create_backup(ctx, lambda _: None),
    "ListBackups": lambda kms, ctx: kms.list_backups(ctx, kms.data_directory, Unlock()),
    "PruneBackups": lambda kms, ctx: kms.prune_backups(ctx, kms.data_directory, 1, confirm=print),
    "ExportTombstones": lambda kms, ctx: kms.export_tombstones(ctx, lambda _: None),
    "CreateSnapshot": lambda kms, ctx: kms.create_snapshot(ctx),
    "ListSnapshots": lambda kms, ctx: kms.list_snapshots(ctx),
    "VerifyBackup": verify_backup,
    "RestoreBackup": restore_backup,
    "RestoreSnapshot": restore_snapshot,
    "ExportKeyRing": export_key_ring,
    "ImportKeyRing": lambda kms, ctx: kms.import_key_ring(ctx, Container(BytesIO().read, "the file")),
    "GetStorePublicKey": lambda kms, ctx: kms.get_store_public_key(ctx),
    "ListProtectors": lambda kms, ctx: kms.list_protectors(ctx),
    "AddProtector": lambda kms, ctx: kms.add_protector(
        ctx, "passphrase", Wanted(), Answers(b"correct horse"), print
    ),
    "RemoveProtector": lambda kms, ctx: kms.remove_protector(
        ctx,
        kms.add_protector(ctx, "command", Wanted(["echo", "0123456789abcdef"]), Answers(), print).number,
        print,
    ),
    "RotateMasterKey": lambda kms, ctx: kms.rotate_master_key(ctx, PLACE),
    "RotateRootKey": lambda kms, ctx: kms.rotate_root_key(ctx, Answers()),
    "AcceptRollback": lambda kms, ctx: kms.accept_rollback(ctx, PLACE),
    "RepairStore": lambda kms, ctx: kms.repair_store(ctx, confirm=lambda _: True),
}
#: Of the API, and not offered yet.
NOT_OFFERED = {
    "DeleteCryptoKey",
    "DeleteCryptoKeyVersion",
    "ExportTrustedKeyWrappedCryptoKeyVersion",
    "GetOperation",
    "GetRetiredResource",
    "ImportTrustedKeyWrappedCryptoKeyVersion",
    "ListRetiredResources",
}


@pytest.fixture
def peopled(keyed: World) -> World:
    """A store with one of everything."""
    kms = keyed.kms
    kms.create_service_account(OWNER, ME, "runner")
    kms.create_custom_role(OWNER, ME, "unused", IamRole("", "", "", "", []))
    kms.create_custom_role(OWNER, ME, "some", IamRole("", "", "", "", []))
    kms.create_group(OWNER, ME, "team@example.com")
    grant(kms, ME, ROLE, "user:ann@example.com")
    return keyed


def grant(kms: Kms, name: Any, role: str, member: str) -> None:
    policy = kms.get_iam_policy(OWNER, name)
    kms.set_iam_policy(OWNER, name, with_binding(policy, role, member, None), ["bindings"])


def give(kms: Kms, permissions: set[str]) -> None:
    """Makes the role that ann has on the project have just these permissions."""
    kms.update_custom_role(OWNER, ME, "some", {"permissions": sorted(permissions)})


def permission_of(method: str) -> str:
    kind = {"GetIamPolicy": "cryptoKey", "SetIamPolicy": "cryptoKey"}.get(method, "project")
    found = METHODS[method].permission_on(kind)
    assert found is not None
    return found


def outcome(call: Callable[[Kms, Context], Any], kms: Kms, ctx: Context) -> type[KmsError] | None:
    try:
        call(kms, ctx)
    except KmsError as error:
        return type(error)
    return None


@pytest.mark.parametrize("method", CALLS)
def test_a_method_asks_for_its_permission_and_no_other(peopled: World, method: str) -> None:
    needed = permission_of(method)
    owner = permissions_of("roles/owner")
    assert owner is not None
    everything_else = {each for each in owner if not each.startswith("kmsctl.store.")} - {needed}
    give(peopled.kms, everything_else)
    before = peopled.generation()
    with pytest.raises(PermissionDenied) as refused:
        CALLS[method](peopled.kms, ANN)
    assert f"Permission '{needed}' denied on resource 'projects/" in refused.value.message
    assert refused.value.message.endswith("(or it may not exist).")
    also = {permission for permission, _ in METHODS[method].also}
    give(peopled.kms, {needed, *also, *ON_THE_WAY.get(method, ())})
    assert outcome(CALLS[method], peopled.kms, ANN) is not PermissionDenied
    assert before <= peopled.generation()


@pytest.mark.parametrize("method", STORE_CALLS)
def test_the_stores_own_methods_are_the_owners(peopled: World, method: str) -> None:
    grant(peopled.kms, ME, "roles/editor", "user:ann@example.com")
    needed = METHODS[method].permission
    with pytest.raises(PermissionDenied, match=f"'{needed}' denied on resource 'store'"):
        STORE_CALLS[method](peopled.kms, ANN)
    grant(peopled.kms, ME, "roles/owner", "user:ann@example.com")
    assert outcome(STORE_CALLS[method], peopled.kms, ANN) is not PermissionDenied


@pytest.mark.parametrize(
    "method",
    [name for name in (*CALLS, *STORE_CALLS) if METHODS[name].audit_type in (ADMIN_READ, DATA_READ)],
)
def test_every_reading_call_is_recorded_where_it_is_asked_for(peopled: World, method: str) -> None:
    """Nobody is exempt: what only looked at the store is in the log too."""
    kms = peopled.kms
    config = AuditConfig("allServices", {"ADMIN_READ": (), "DATA_READ": ()})
    kms.set_iam_policy(OWNER, ME, Policy([], [config]), ["auditConfigs"])
    outcome({**CALLS, **STORE_CALLS}[method], kms, OWNER)
    recorded = [
        record["protoPayload"]["methodName"]
        for name in ("control", PLACE)
        for record in peopled.records(name)
    ]
    assert method in recorded


def test_whoever_owns_another_project_does_not_own_the_store(keyed: World) -> None:
    keyed.kms.create_project(ANN, ProjectName("anns"))
    assert keyed.kms.get_project(ANN, ProjectName("anns")).project == "anns"
    for call in STORE_CALLS.values():
        assert outcome(call, keyed.kms, ANN) is PermissionDenied


def test_every_method_that_can_be_called_is_called_here() -> None:
    asked = {name for name, method in METHODS.items() if method.permission is not None}
    assert asked == {*CALLS, *STORE_CALLS, *NOT_OFFERED}
    assert set(STORE_CALLS) == {name for name, method in METHODS.items() if method.checked_on == "store"}


@pytest.mark.parametrize("method", CALLS)
def test_to_a_stranger_nothing_is_there(peopled: World, tmp_path: Path, method: str) -> None:
    """What is there, and what is not, are told in the same words."""
    empty = World(tmp_path / "empty")
    empty.kms.create_project(OWNER, ME)
    told = []
    for world in (peopled, empty):
        with pytest.raises(PermissionDenied) as refused:
            CALLS[method](world.kms, STRANGER)
        told.append((refused.value.message, refused.value.hint))
    assert told[0] == told[1]


@pytest.mark.parametrize("name", [ME, RING, KEY, JOB, ACCOUNT], ids=lambda name: type(name).__name__)
@pytest.mark.parametrize("verb", ["getIamPolicy", "setIamPolicy"])
def test_policies_ask_for_the_permission_of_their_kind(peopled: World, name: Any, verb: str) -> None:
    collection = {
        "ProjectName": "resourcemanager.projects",
        "KeyRingName": "cloudkms.keyRings",
        "CryptoKeyName": "cloudkms.cryptoKeys",
        "ImportJobName": "cloudkms.importJobs",
        "ServiceAccountName": "iam.serviceAccounts",
    }[type(name).__name__]
    needed = f"{collection}.{verb}"

    def call(kms: Kms, ctx: Context) -> None:
        if verb == "getIamPolicy":
            kms.get_iam_policy(ctx, name)
        else:
            kms.set_iam_policy(ctx, name, peopled.kms.get_iam_policy(OWNER, ME), ["bindings"])

    owner = permissions_of("roles/owner")
    assert owner is not None
    give(peopled.kms, {each for each in owner if not each.startswith("kmsctl.store.")} - {needed})
    with pytest.raises(PermissionDenied, match=f"Permission '{needed}' denied on resource"):
        call(peopled.kms, ANN)
    give(peopled.kms, {needed})
    assert outcome(call, peopled.kms, ANN) is not PermissionDenied


def test_no_custom_role_can_have_the_stores_permissions(peopled: World) -> None:
    with pytest.raises(KmsError, match=r"kmsctl\.store\.get is not valid"):
        give(peopled.kms, {"kmsctl.store.get"})


@pytest.mark.parametrize(
    ("holder", "reaches"),
    [(ME, {KEY, RING}), (RING, {KEY, RING}), (KEY, {KEY})],
    ids=["project", "ring", "key"],
)
def test_grants_are_inherited_downwards(keyed: World, holder: Any, reaches: set[Any]) -> None:
    grant(keyed.kms, holder, "roles/cloudkms.viewer", "user:ann@example.com")
    seen = {
        name
        for name, call in ((KEY, CALLS["GetCryptoKey"]), (RING, CALLS["GetKeyRing"]))
        if outcome(call, keyed.kms, ANN) is None
    }
    assert seen == reaches
    assert outcome(CALLS["GetCryptoKeyVersion"], keyed.kms, ANN) is None


def test_what_a_refused_caller_is_told_is_the_same_whether_or_not_it_exists(keyed: World) -> None:
    missing = type(KEY)(RING, "missing")
    elsewhere = type(KEY)(KeyRingName(LocationName(PROJECT, "europe-west1"), "ring"), "key")
    texts = set()
    for name in (KEY, missing, elsewhere):
        with pytest.raises(PermissionDenied) as refused:
            keyed.kms.encrypt(ANN, EncryptRequest(name, b"x"))
        texts.add(
            (
                refused.value.message.replace(str(name), "NAME"),
                (refused.value.hint or "").replace(str(name), "NAME"),
            )
        )
    assert len(texts) == 1
    grant(keyed.kms, RING, "roles/cloudkms.cryptoKeyEncrypter", "user:ann@example.com")
    with pytest.raises(NotFound):
        keyed.kms.encrypt(ANN, EncryptRequest(missing, b"x"))
    with pytest.raises(PermissionDenied):
        keyed.kms.encrypt(ANN, EncryptRequest(elsewhere, b"x"))


def test_who_is_refused_is_told_what_to_ask_in_their_own_name(keyed: World) -> None:
    """An account's name may be anything that is one word, so a shell has to be able to take it."""
    asked = f"kmsctl iam explain cloudkms.keyRings.get {RING} --account="
    for account, quoted in (("eve@example.com", "eve@example.com"), ("eve;id@host", "'eve;id@host'")):
        with pytest.raises(PermissionDenied) as refused:
            keyed.kms.get_key_ring(Context(account), RING)
        assert (refused.value.hint or "").endswith(asked + quoted)


def test_service_accounts_of_others_look_as_if_they_were_not_there(peopled: World) -> None:
    texts = set()
    for email in (ACCOUNT.email, f"nobody@{PROJECT}.iam.gserviceaccount.com"):
        with pytest.raises(PermissionDenied) as refused:
            peopled.kms.get_service_account(Context("eve@example.com"), ServiceAccountName("-", email))
        texts.add(refused.value.message.replace(email, "EMAIL"))
    assert len(texts) == 1
    with pytest.raises(NotFound):
        peopled.kms.get_service_account(
            OWNER, ServiceAccountName("-", f"nobody@{PROJECT}.iam.gserviceaccount.com")
        )


def test_a_project_is_its_first_accounts_and_a_strangers_to_nobody(keyed: World) -> None:
    policy = keyed.kms.get_iam_policy(OWNER, ME)
    assert [(each.role, each.members) for each in policy.bindings] == [
        ("roles/owner", ("user:owner@example.com",))
    ]
    for call in CALLS.values():
        assert outcome(call, keyed.kms, Context("eve@example.com")) is PermissionDenied


def test_revocation_binds_the_next_call_of_another_process(keyed: World) -> None:
    grant(keyed.kms, KEY, "roles/cloudkms.cryptoKeyEncrypter", "user:ann@example.com")
    other = keyed.another()
    assert outcome(CALLS["Encrypt"], other, ANN) is None
    keyed.kms.set_iam_policy(OWNER, KEY, Policy(), ["bindings"])
    assert outcome(CALLS["Encrypt"], other, ANN) is PermissionDenied
    other.close()


def test_the_owners_short_cut_is_what_the_table_says(keyed: World) -> None:
    owner = permissions_of("roles/owner")
    assert owner is not None
    asked = {method.permission for method in METHODS.values() if method.checked_on not in (None, "resource")}
    asked |= {METHODS["SetIamPolicy"].permission_on(kind) for kind in ("keyRing", "cryptoKey", "importJob")}
    with keyed.database("control").read() as control:
        for permission in asked:
            assert permission is not None
            assert grants(control, "roles/owner", permission)
            assert permission in owner


def test_owners_do_not_act_as_service_accounts_by_right(peopled: World) -> None:
    acting = Context("owner@example.com", impersonated=[ACCOUNT.email])
    with pytest.raises(PermissionDenied, match="getAccessToken"):
        peopled.kms.get_crypto_key(acting, KEY)


@pytest.mark.parametrize("account", ["", "a b", "a\nbind roles/owner user:a", "user\x00"])
def test_an_account_that_is_no_word_is_refused(keyed: World, account: str) -> None:
    with pytest.raises(KmsError, match="is not the name of an account"):
        keyed.kms.create_project(Context(account), ProjectName("new"))


def test_binding_without_members_or_with_a_role_that_is_gone_grants_nothing(peopled: World) -> None:
    give(peopled.kms, {"cloudkms.cryptoKeys.get"})
    assert outcome(CALLS["GetCryptoKey"], peopled.kms, ANN) is None
    peopled.kms.set_custom_role_deleted(OWNER, ME, "some", deleted=True)
    assert outcome(CALLS["GetCryptoKey"], peopled.kms, ANN) is PermissionDenied
    with pytest.raises(KmsError, match="is not supported for this resource"):
        peopled.kms.set_iam_policy(OWNER, KEY, Policy([Binding(ROLE, ["user:x@y"])]), ["bindings"])
    peopled.kms.set_custom_role_deleted(OWNER, ME, "some", deleted=False)
    assert outcome(CALLS["GetCryptoKey"], peopled.kms, ANN) is None
