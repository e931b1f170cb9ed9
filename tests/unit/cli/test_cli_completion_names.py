"""What a Tab is told of the store: `kmsctl --complete-names`, and that it can do no harm."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.cli import properties
from kmsctl.cli.completion import names
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.model.states import DISABLED
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from kmsctl.store import lookup

if TYPE_CHECKING:
    from collections.abc import Callable

CTX = Context("tester@host")
EAST = LocationName("local", "us-east1")
WEST = LocationName("local", "us-west1")
PROD = KeyRingName(EAST, "prod")
PLACE = ("--location=us-east1", "--keyring=prod")
SYMMETRIC = CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm="GOOGLE_SYMMETRIC_ENCRYPTION")
SIGNING = CryptoKeySpec(purpose="ASYMMETRIC_SIGN", algorithm="EC_SIGN_P256_SHA256")
DAY = 86_400_000_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    kms = Kms(str(place / "data"), str(place / "config" / "store"))
    for ring in (PROD, KeyRingName(EAST, "test"), KeyRingName(WEST, "west")):
        kms.create_key_ring(CTX, ring)
    kms.create_key_ring(CTX, KeyRingName(LocationName("other", "us-east1"), "theirs"))
    for key in ("db", "disk", "mail"):
        kms.create_crypto_key(CTX, CryptoKeyName(PROD, key), SYMMETRIC)
    kms.create_crypto_key(CTX, CryptoKeyName(PROD, "release"), SIGNING)
    kms.create_crypto_key(CTX, CryptoKeyName(PROD, "bare"), SYMMETRIC, skip_initial_version_creation=True)
    disk = CryptoKeyName(PROD, "disk")
    for _ in range(11):
        kms.create_crypto_key_version(CTX, disk)
    kms.update_crypto_key_version(CTX, disk.version(2), DISABLED)
    kms.destroy_crypto_key_version(CTX, disk.version(3))
    kms.close()
    return place


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KMSCTL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KMSCTL_HOME", str(home))


def words(*args: str) -> list[str]:
    return [name for name, _ in names.find(args)]


def database(home: Path, location: str = "us-east1") -> Path:
    return home / "data" / "locations" / f"{location}.db"


def copy_of(home: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["cp", "-a", str(home), str(place / "copy")], check=True)
    monkeypatch.setenv("KMSCTL_HOME", str(place / "copy"))
    return place / "copy"


def test_key_rings_by_prefix() -> None:
    assert words("keyring", "", "--location=us-east1") == ["prod", "test"]
    assert words("keyring", "p", "--location=us-east1") == ["prod"]
    assert words("keyring", "x", "--location=us-east1") == []
    assert words("keyring", "", "--location=us-west1") == ["west"]


def test_keys_say_what_they_are() -> None:
    assert names.find(["key", "", *PLACE]) == [
        ("bare", "encryption"),
        ("db", "encryption, version 1 enabled"),
        ("disk", "encryption, version 1 enabled"),
        ("mail", "encryption, version 1 enabled"),
        ("release", "asymmetric-signing"),
    ]
    assert words("key", "d", *PLACE) == ["db", "disk"]


def test_versions_are_in_the_order_of_their_numbers() -> None:
    found = names.find(["version", "", *PLACE, "--key=disk"])
    assert [name for name, _ in found] == [str(number) for number in range(1, 13)]
    assert found[0][1] == "enabled, google-symmetric-encryption"
    assert found[1][1] == "disabled, google-symmetric-encryption"
    assert found[2][1] == "destroy scheduled, google-symmetric-encryption"
    assert words("version", "1", *PLACE, "--key=disk") == ["1", "10", "11", "12"]
    assert words("version", "12", *PLACE, "--key=disk") == ["12"]
    assert words("version", "0", *PLACE, "--key=disk") == []
    assert words("version", "13", *PLACE, "--key=disk") == []


def test_projects() -> None:
    assert words("project", "") == ["local", "other"]
    assert words("project", "o") == ["other"]


def test_parts_of_names_that_are_not_given_come_from_where_commands_take_them(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = copy_of(home, tmp_path, monkeypatch)
    path = str(place / "config" / properties.FILE)
    properties.change(path, "kms/location", "us-east1")
    assert words("keyring", "") == ["prod", "test"]
    properties.change(path, "kms/keyring", "prod")
    assert words("key", "ma") == ["mail"]
    monkeypatch.setenv("KMSCTL_KMS_LOCATION", "us-west1")
    assert words("keyring", "") == ["west"]
    assert words("keyring", "", "--location=us-east1") == ["prod", "test"]
    monkeypatch.setenv("KMSCTL_CORE_PROJECT", "other")
    assert words("keyring", "", "--location=us-east1") == ["theirs"]
    assert words("keyring", "", "--location=us-east1", "--project=local") == ["prod", "test"]


def test_named_configurations(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kmsctl.cli.configurations import Configurations

    place = copy_of(home, tmp_path, monkeypatch)
    Configurations(str(place / "config")).create("west")
    path = properties.configuration_path(str(place / "config"), "west")
    assert path is not None
    properties.change(path, "kms/location", "us-west1")
    assert names.find(["configuration", ""]) == [("default", "active"), ("west", "")]
    assert words("configuration", "w") == ["west"]
    assert words("keyring", "", "--configuration=west") == ["west"]


def test_full_names() -> None:
    ring = "projects/local/locations/us-east1/keyRings/prod"
    assert words("key", "d", f"--keyring={ring}") == ["db", "disk"]
    assert words("key", f"{ring}/cryptoKeys/d") == [f"{ring}/cryptoKeys/db", f"{ring}/cryptoKeys/disk"]
    assert words("keyring", "projects/local/locations/us-west1/keyRings/") == [
        "projects/local/locations/us-west1/keyRings/west"
    ]
    assert words("version", f"{ring}/cryptoKeys/db/cryptoKeyVersions/") == [
        f"{ring}/cryptoKeys/db/cryptoKeyVersions/1"
    ]
    assert words("version", "", f"--key={ring}/cryptoKeys/mail") == ["1"]


def test_of_too_many_the_first_and_the_last_are_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what they have in common is what all have in common, and a shell completes no more than that."""
    place = copy_of(home, tmp_path, monkeypatch)
    with sqlite3.connect(database(place)) as connection:
        columns = "mk, tag, ring, purpose, algorithm, protection_level, create_time, "
        columns += "destroy_scheduled_duration, import_only, labels, last_version, policy, not_exportable"
        connection.executemany(
            f"INSERT INTO crypto_keys (id, name, {columns}) "
            f"SELECT ?, ?, {columns} FROM crypto_keys WHERE name = 'bare'",
            ((1000 + number, f"many-{number:04}") for number in range(300)),
        )
    connection.close()
    found = words("key", "m", *PLACE)
    assert len(found) == names.LIMIT
    assert found[:2] == ["mail", "many-0000"]
    assert found[-1] == "many-0299"
    assert words("key", "many-0", *PLACE)[:: names.LIMIT - 1] == ["many-0000", "many-0299"]
    assert words("key", "many-012", *PLACE) == [f"many-012{digit}" for digit in range(10)]


def test_a_version_is_destroyed_from_its_time_on(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = copy_of(home, tmp_path, monkeypatch)
    before = names.find(["version", "3", *PLACE, "--key=disk"])
    with sqlite3.connect(database(place)) as connection:
        connection.execute("UPDATE audit_head SET last_time = last_time + ?", (200 * DAY,))
    connection.close()
    after = names.find(["version", "3", *PLACE, "--key=disk"])
    assert before == [("3", "destroy scheduled, google-symmetric-encryption")]
    assert after == [("3", "destroyed, google-symmetric-encryption")]


def test_import_jobs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = copy_of(home, tmp_path, monkeypatch)
    ring = "(SELECT id FROM key_rings WHERE name = 'prod')"
    job = f"(?, 1, x'00', {ring}, ?, ?, ?, 2, 1, 0, 0, ?, NULL, '', NULL, NULL)"
    with sqlite3.connect(database(place)) as connection:
        for row in ((1, "job-a", b"a", 2, 1 << 60), (2, "job-b", b"b", 2, 1), (3, "job-c", b"c", 1, 1 << 60)):
            connection.execute(f"INSERT INTO import_jobs VALUES {job}", row)
    connection.close()
    assert names.find(["import-job", "job", *PLACE]) == [
        ("job-a", "active, rsa-oaep-4096-sha1-aes-256"),
        ("job-b", "expired, rsa-oaep-4096-sha1-aes-256"),
        ("job-c", "pending generation, rsa-oaep-4096-sha1-aes-256"),
    ]


def contents(home: Path) -> dict[str, tuple[int, int, bytes]]:
    found = {}
    for path in sorted(home.rglob("*")):
        status = path.stat()
        found[str(path)] = (
            status.st_mode,
            status.st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
    return found


def test_nothing_is_written(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = copy_of(home, tmp_path, monkeypatch)
    before = contents(place)
    assert words("key", "d", *PLACE) == ["db", "disk"]
    assert words("version", "", *PLACE, "--key=disk")
    assert words("project", "")
    assert contents(place) == before


WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("UPDATE crypto_keys SET name = 'dove' WHERE name = 'db'")
connection.commit()
if sys.argv[2:] == ["locked"]:
    connection.execute("BEGIN EXCLUSIVE")
print("written", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("locked", [False, True], ids=["idle", "in a transaction"])
def test_what_another_process_has_in_the_log_is_seen_and_its_lock_not_waited_for(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    place = copy_of(home, tmp_path, monkeypatch)
    path = database(place)
    arguments = [sys.executable, "-c", WRITER, str(path), *(["locked"] if locked else [])]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        for beside in ("-wal", "-shm"):
            Path(f"{path}{beside}").chmod(0o600)
        before = contents(place)
        assert words("key", "d", *PLACE) == ["disk", "dove"]
        assert contents(place) == before
        # A crash leaves log and shared memory as they are.
        writer.kill()
        writer.wait()
        assert words("key", "d", *PLACE) == ["disk", "dove"]
        assert contents(place) == before


def quiet(*args: str) -> bytes:
    """Returns what a Tab prints, as a process of its own; it never fails or complains."""
    environment = {**os.environ, "PYTHONPATH": str(Path(names.__file__).parents[3])}
    command = [sys.executable, "-m", "kmsctl", "--complete-names", *args]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 0
    assert done.stderr == b""
    return done.stdout


def test_lines_are_a_name_a_tab_and_what_it_is() -> None:
    assert quiet("key", "db", *PLACE) == b"db\tencryption, version 1 enabled\n"
    assert quiet("keyring", "t", PLACE[0]) == b"test\t\n"


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("key",),
        ("nothing", ""),
        ("key", "", "--location"),
        ("key", "", "--location=us-east1", "--keyring=none"),
        ("key", "", "--location=nowhere", "--keyring=prod"),
        ("key", "", "--location=../us-east1", "--keyring=prod"),
        ("key", "", "--location=us-east1", "--keyring=prod' OR '1'='1"),
        ("key", "d%", *PLACE),
        ("key", "' OR 1=1 --", *PLACE),
        ("key", "$(id)", *PLACE),
        ("key", "*", *PLACE),
        ("key", "d b", *PLACE),
        ("key", "d\n", *PLACE),
        ("key", "d\udcff", *PLACE),
        ("version", "1x", *PLACE, "--key=disk"),
        ("version", "9" * 30, *PLACE, "--key=disk"),
        ("version", "", *PLACE, "--key=none"),
        ("version", "", *PLACE),
        ("key", "", *PLACE, "--unknown=1"),
        ("key", "", *PLACE, "--project=123"),
        ("key", "projects/local/locations/us-east1/keyRings/d"),
        ("import-job", "", *PLACE),
    ],
)
def test_what_is_no_name_is_answered_by_nothing(
    args: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert names.main(args) == 0
    assert capfd.readouterr() == ("", "")


def test_a_program_that_is_asked_wrongly_is_quiet() -> None:
    assert quiet() == b""
    assert quiet("key", "", "--location=\udcff") == b""


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:20000] = b"\xa5" * 19900
    path.write_bytes(data)


def link(path: Path) -> None:
    real = path.rename(path.with_name("real"))
    path.symlink_to(real)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def open_log(path: Path) -> None:
    log = Path(f"{path}-wal")
    log.write_bytes(b"x")
    log.chmod(0o644)


#: What happens to the database.
HARM: dict[str, Callable[[Path], object]] = {
    "absent": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "damaged": damage,
    "not a database": lambda path: path.write_bytes(b"text\n" * 1000),
    "open to others": lambda path: path.chmod(0o644),
    "in a directory open to others": lambda path: path.parent.chmod(0o755),
    "in a store open to others": lambda path: path.parents[1].chmod(0o755),
    "a link": link,
    "a fifo": fifo,
    "with a log open to others": open_log,
    "with broken properties": lambda path: (path.parents[2] / "config" / "properties").write_text("x"),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_store_that_is_not_as_it_should_be_is_answered_by_nothing(
    harm: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    place = copy_of(home, tmp_path, monkeypatch)
    assert words("key", "d", *PLACE)
    HARM[harm](database(place))
    assert names.main(["key", "d", *PLACE]) == 0
    assert capfd.readouterr() == ("", "")


def test_a_store_of_somebody_else_is_answered_by_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert names.main(["key", "d", *PLACE]) == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "name", ["$(touch pwned)", "a b", "a\nb", "a\tb", "*", "`id`", "';id;'", "-rf", "é", ""]
)
def test_names_that_can_be_none_are_not_told(
    name: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are not verified for a Tab, so whoever can write to the file can put anything there."""
    place = copy_of(home, tmp_path, monkeypatch)
    with sqlite3.connect(database(place)) as connection:
        connection.execute("UPDATE crypto_keys SET name = ? WHERE name = 'db'", (name,))
    connection.close()
    expected = ["-rf"] if name == "-rf" else []  # a word that an id may be
    assert [
        word for word in words("key", "", *PLACE) if word not in ("bare", "disk", "mail", "release")
    ] == expected


@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_typed_only_names_come_back(prefix: str, ring: str) -> None:
    try:
        found = names.find(["key", prefix, "--location=us-east1", f"--keyring={ring}"])
    except Exception:  # noqa: BLE001 - main() answers nothing then, whatever it is
        return
    assert all(name.startswith(prefix) and name.isascii() and name.isprintable() for name, _ in found)


def test_what_commands_see_is_what_tab_shows(home: Path) -> None:
    kms = Kms(str(home / "data"), str(home / "config" / "store"))
    assert words("key", "", *PLACE) == [each.name.crypto_key for each in kms.list_crypto_keys(CTX, PROD)]
    disk = CryptoKeyName(PROD, "disk")
    states = [(str(each.name.number), each.state) for each in kms.list_crypto_key_versions(CTX, disk)]
    kms.close()
    told = [
        (name, about.partition(",")[0].upper().replace(" ", "_"))
        for name, about in names.find(["version", "", *PLACE, "--key=disk"])
    ]
    assert told == states


def test_a_query_uses_its_index(home: Path) -> None:
    connection = sqlite3.connect(database(home))
    for query in (lookup.KEY_RINGS, lookup.CRYPTO_KEYS, lookup.IMPORT_JOBS):
        parameters = ["x"] * query.count("?")
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {query} ORDER BY name LIMIT 100", parameters
        ).fetchall()
        steps = [row[3] for row in plan]
        assert not [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step], steps
    connection.close()
