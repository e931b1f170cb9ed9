from __future__ import annotations

import base64
import inspect
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.cli.http_log import Logged
from kmsctl.cli.http_rules import REDACTED, RULES
from kmsctl.cli.main import main
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.names import KeyRingName, LocationName
from kmsctl.model.resources import KeyRing
from kmsctl.service.api import KmsApi
from kmsctl.service.kms import Kms

if TYPE_CHECKING:
    from pathlib import Path

#: What the API does not have: the store's own verbs, and what it leaves to its clients.
WITHOUT_RULE = {
    "accept_rollback",
    "add_protector",
    "asymmetric_verify",
    "create_backup",
    "create_snapshot",
    "describe_logs",
    "export_key_ring",
    "export_logs",
    "export_tombstones",
    "get_store_public_key",
    "import_key_ring",
    "init_store",
    "list_backups",
    "list_history",
    "list_log_entries",
    "list_protectors",
    "list_snapshots",
    "lock_store",
    "maintain_store",
    "prune_backups",
    "remove_log_entries",
    "remove_protector",
    "repair_store",
    "restore_backup",
    "restore_snapshot",
    "rotate_master_key",
    "rotate_root_key",
    "shape_crypto_keys",
    "store_status",
    "unlock_store",
    "verify_backup",
    "verify_logs",
    "verify_store",
    # Of the services beside Cloud KMS.
    "change_group_members",
    "create_custom_role",
    "create_group",
    "create_project",
    "create_service_account",
    "create_service_identity",
    "delete_group",
    "delete_service_account",
    "explain_access",
    "get_custom_role",
    "import_groups",
    "get_group",
    "get_predefined_role",
    "get_project",
    "get_service_account",
    "list_custom_roles",
    "list_findings",
    "list_groups",
    "list_predefined_roles",
    "list_projects",
    "list_service_accounts",
    "set_custom_role_deleted",
    "set_service_account_disabled",
    "update_custom_role",
    "who_can",
}
PLAINTEXT = b"the password is swordfish"
PLACE = ("--keyring=r", "--location=us")


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KMSCTL_CORE_ACCOUNT", "me@here")
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *args: str, status: int = 0) -> list[Any]:
    """Runs a command and returns what was logged: (method, uri, request, status, response) of each call."""
    capsys.readouterr()
    assert main([*args, "--log-http"]) == status
    log = capsys.readouterr().err
    pattern = (
        r"==== request start ====\nuri: (.*)\nmethod: (.*)\n== headers start ==\n"
        r"(?:.*\n)*?== headers end ==\n== body start ==\n(.*)\n== body end ==\n==== request end ====\n"
        r"---- response start ----\nstatus: (.*)\n"
        r"-- headers start --\n(?:.*\n)*?-- headers end --\n-- body start --\n(.*)\n-- body end --\n"
    )
    return [
        (method, uri, json.loads(body or "null"), int(code), json.loads(answer))
        for uri, method, body, code, answer in re.findall(pattern, log)
    ]


def make_keys(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "keyrings", "create", "r", "--location=us")
    run(capsys, "keys", "create", "k", *PLACE, "--purpose=encryption", "--labels=a=b")


BASE = "https://cloudkms.googleapis.com/v1/projects/local/locations/us"


def test_requests_are_those_of_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    ((method, uri, body, code, answer),) = run(capsys, "keyrings", "create", "r", "--location=us")
    assert (method, uri, body, code) == ("POST", f"{BASE}/keyRings?alt=json&keyRingId=r", {}, 200)
    assert answer["name"] == "projects/local/locations/us/keyRings/r"
    key = run(capsys, "keys", "create", "k", *PLACE, "--purpose=encryption", "--rotation-period=30d",
              "--next-rotation-time=2100-01-01T00:00:00Z", "--labels=a=b")  # fmt: skip
    assert key[0][:3] == (
        "POST",
        f"{BASE}/keyRings/r/cryptoKeys?alt=json&cryptoKeyId=k",
        {
            "labels": {"a": "b"},
            "nextRotationTime": "2100-01-01T00:00:00Z",
            "purpose": "ENCRYPT_DECRYPT",
            "rotationPeriod": "2592000s",
            "versionTemplate": {"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION", "protectionLevel": "SOFTWARE"},
        },
    )
    assert key[0][4]["primary"]["state"] == "ENABLED"
    calls = run(capsys, "keys", "versions", "create", "--key=k", *PLACE, "--primary")
    assert [call[:3] for call in calls] == [
        ("POST", f"{BASE}/keyRings/r/cryptoKeys/k/cryptoKeyVersions?alt=json", {}),
        (
            "POST",
            f"{BASE}/keyRings/r/cryptoKeys/k:updatePrimaryVersion?alt=json",
            {"cryptoKeyVersionId": "2"},
        ),
    ]
    calls = run(capsys, "keys", "update", "k", *PLACE, "--clear-labels", "--remove-rotation-schedule")
    assert calls[-1][:3] == (
        "PATCH",
        f"{BASE}/keyRings/r/cryptoKeys/k?alt=json&updateMask=labels%2CnextRotationTime%2CrotationPeriod",
        {"labels": {}},
    )
    ((_, uri, body, _, _),) = run(capsys, "keys", "versions", "disable", "1", "--key=k", *PLACE)
    assert (uri.rpartition("?")[2], body) == ("alt=json&updateMask=state", {"state": "DISABLED"})


def test_an_error_is_the_api_s(capsys: pytest.CaptureFixture[str]) -> None:
    make_keys(capsys)
    ((*_, code, answer),) = run(capsys, "keys", "describe", "none", *PLACE, status=1)
    assert (code, answer["error"]["code"], answer["error"]["status"]) == (404, 404, "NOT_FOUND")
    ((*_, code, answer),) = run(capsys, "keyrings", "create", "r", "--location=us", status=1)
    assert (code, answer["error"]["status"]) == (409, "ALREADY_EXISTS")


def test_lists_come_in_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(run(capsys, "locations", "list")[0][4]["locations"]) > 40
    for number in range(3):
        run(capsys, "keyrings", "create", f"r{number}", "--location=us")
    ((_, uri, _, _, answer),) = run(capsys, "keyrings", "list", "--location=us", "--limit=2")
    assert uri.endswith("?alt=json&pageSize=2")
    assert [len(answer["keyRings"]), "nextPageToken" in answer] == [2, True]
    ((_, uri, _, _, answer),) = run(capsys, "keyrings", "list", "--location=us")
    assert (uri.endswith("pageSize=100"), len(answer["keyRings"])) == (True, 3)
    ((*_, answer),) = run(capsys, "keyrings", "list", "--location=europe")
    assert answer == {}
    run(capsys, "keys", "create", "k", "--keyring=r1", "--location=us", "--purpose=encryption")
    for flags in ((), ("--limit=5",), ("--filter=purpose=ENCRYPT_DECRYPT",)):
        ((_, uri, _, _, answer),) = run(capsys, "keys", "list", "--keyring=r1", "--location=us", *flags)
        assert (uri.partition("?")[0], len(answer["cryptoKeys"])) == (f"{BASE}/keyRings/r1/cryptoKeys", 1)


def test_policies_are_shown_as_the_service_of_each_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "keyrings", "create", "r", "--location=us")
    member = ("--member=allUsers", "--role=roles/cloudkms.viewer")
    read, written = run(capsys, "keyrings", "add-iam-policy-binding", "r", "--location=us", *member)
    uri = f"{BASE}/keyRings/r:getIamPolicy?alt=json&options.requestedPolicyVersion=3"
    assert (read[:2], read[4]) == (("GET", uri), {"etag": "ACAB"})
    bindings = [{"members": ["allUsers"], "role": "roles/cloudkms.viewer"}]
    assert written[:3] == (
        "POST",
        f"{BASE}/keyRings/r:setIamPolicy?alt=json",
        {"policy": {"bindings": bindings, "etag": "ACAB", "version": 1}, "updateMask": "bindings,etag"},
    )
    assert written[4]["bindings"] == bindings
    ((method, uri, *_),) = run(capsys, "projects", "get-iam-policy", "local")
    assert method == "POST"
    assert uri.startswith("https://cloudresourcemanager.googleapis.com/v1/projects/local:getIamPolicy?")
    wanted = "--permissions=cloudkms.keyRings.get"
    ((*_, answer),) = run(capsys, "keyrings", "test-iam-permissions", "r", "--location=us", wanted)
    assert answer == {"permissions": ["cloudkms.keyRings.get"]}


class Many:
    """A service with many rings."""

    def list_key_rings(self, ctx: object, parent: object, *, limit: int | None = None) -> Any:
        assert isinstance(parent, LocationName)
        count = 250 if limit is None else limit
        return (KeyRing(KeyRingName(parent, f"r{number}"), 0) for number in range(count))


@pytest.mark.parametrize(
    ("limit", "pages"), [(None, [100, 100, 50]), (120, [100, 20]), (100, [100]), (1, [1])]
)
def test_pages_are_of_a_hundred(
    capsys: pytest.CaptureFixture[str], limit: int | None, pages: list[int]
) -> None:
    kms: Any = Logged(Many())  # type: ignore[arg-type]  # one verb is enough
    found = list(kms.list_key_rings(None, LocationName("p", "us"), limit=limit))
    log = capsys.readouterr().err
    assert len(found) == sum(pages)
    answers = [json.loads(line) for line in log.splitlines() if line.startswith('{"keyRings"')]
    assert [len(answer["keyRings"]) for answer in answers] == pages
    assert log.count("pageToken=") == len(pages) - 1


def spellings(data: bytes) -> set[str]:
    return {
        data.decode("latin-1"),
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
        data.hex(),
        str(crc32c(data)),
    }


def test_nothing_secret_is_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    make_keys(capsys)
    for name, purpose, algorithm in (
        ("mac", "mac", "hmac-sha256"),
        ("raw", "raw-encryption", "aes-256-gcm"),
        ("sign", "asymmetric-signing", "ec-sign-p256-sha256"),
        ("seal", "asymmetric-encryption", "rsa-decrypt-oaep-2048-sha256"),
    ):
        run(
            capsys, "keys", "create", name, *PLACE, f"--purpose={purpose}", f"--default-algorithm={algorithm}"
        )
    (tmp_path / "plain").write_bytes(PLAINTEXT)
    (tmp_path / "aad").write_bytes(b"ticket 4711")
    aad = "--additional-authenticated-data-file=aad"
    one = "--version=1"
    calls = [
        ("encrypt", "--key=k", aad, "--plaintext-file=plain", "--ciphertext-file=c1"),
        ("decrypt", "--key=k", aad, "--plaintext-file=d1", "--ciphertext-file=c1"),
        ("mac-sign", "--key=mac", one, "--input-file=plain", "--signature-file=m1"),
        ("mac-verify", "--key=mac", one, "--input-file=plain", "--signature-file=m1"),
        ("raw-encrypt", "--key=raw", one, "--plaintext-file=plain", "--ciphertext-file=c2"),
        ("asymmetric-sign", "--key=sign", one, "--digest-algorithm=sha256", "--input-file=plain",
         "--signature-file=s1"),
        ("keys", "versions", "get-public-key", "1", "--key=sign", "--output-file=p1"),
    ]  # fmt: skip
    for args in calls:
        capsys.readouterr()
        assert main([*args, *PLACE, "--log-http"]) == 0
        log = capsys.readouterr().err
        assert REDACTED in log
        for file in ("plain", "aad", "c1", "d1", "m1", "c2", "s1", "p1"):
            if (tmp_path / file).exists():
                assert not {each for each in spellings((tmp_path / file).read_bytes()) if each in log}, args
        assert f": {len(PLAINTEXT)}" not in log


def test_every_verb_has_a_rule_or_is_not_the_api_s() -> None:
    verbs = {name for name, _ in inspect.getmembers(KmsApi, inspect.isfunction) if not name.startswith("_")}
    assert set(RULES) | WITHOUT_RULE == verbs
    assert not set(RULES) & WITHOUT_RULE


@pytest.mark.parametrize("verb", sorted(RULES))
def test_a_rule_takes_what_the_verb_takes(verb: str) -> None:
    taken = list(inspect.signature(getattr(Kms, verb)).parameters.values())[2:]
    rule = inspect.signature(RULES[verb].request).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in rule.values()):
        taken = [each for each in taken if each.kind is not inspect.Parameter.KEYWORD_ONLY]
        rule = {  # type: ignore[assignment]
            name: each for name, each in rule.items() if each.kind is not inspect.Parameter.VAR_KEYWORD
        }
    assert [each.kind for each in taken] == [each.kind for each in rule.values()]


def test_the_property_does_it_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KMSCTL_CORE_LOG_HTTP", "true")
    assert main(["keyrings", "create", "r", "--location=us"]) == 0
    assert "== request start ==" in capsys.readouterr().err
    assert main(["keyrings", "list", "--location=us", "--no-log-http"]) == 0
    assert "request start" not in capsys.readouterr().err
