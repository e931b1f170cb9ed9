from __future__ import annotations

import os
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmsctl.errors import IntegrityError, KmsError, StoreAccess
from kmsctl.keystore.root import RootKey
from kmsctl.store.files import write_new

if TYPE_CHECKING:
    from pathlib import Path

STORE_ID = bytes(range(16))
KEY = bytes(range(100, 132))


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "root-key")
    RootKey(STORE_ID, KEY).save(path)
    return path


def test_a_root_key_reads_back(path: str) -> None:
    root = RootKey.load(path)
    assert root is not None
    assert root.store_id == STORE_ID
    assert root.derive(b"label", b"context") == RootKey(STORE_ID, KEY).derive(b"label", b"context")
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_root_key_is_drawn(path: str) -> None:
    drawn: list[int] = []

    def random(size: int) -> bytes:
        drawn.append(size)
        return os.urandom(size)

    one, other = RootKey.generate(random), RootKey.generate(random)
    assert drawn == [16, 32, 16, 32]
    assert one.store_id != other.store_id
    assert one.derive(b"", b"") != other.derive(b"", b"")


def test_where_there_is_none_there_is_none(tmp_path: Path) -> None:
    assert RootKey.load(str(tmp_path / "root-key")) is None


def test_one_is_not_written_over_another(path: str) -> None:
    with pytest.raises(StoreAccess):
        RootKey(STORE_ID, bytes(32)).save(path)
    assert RootKey.load(path) is not None


def written(path: str, text: bytes) -> str:
    os.unlink(path)
    write_new(path, text)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [],
        lambda lines: lines[:3],
        lambda lines: [*lines, "more"],
        lambda lines: ["kmsctl-root-key-2", *lines[1:]],
        lambda lines: [lines[0], lines[1][:-2], *lines[2:]],
        lambda lines: [lines[0], "0" * 32, *lines[2:]],
        lambda lines: [lines[0], "x" * 32, *lines[2:]],
        lambda lines: [*lines[:2], lines[2][:-4], lines[3]],
        lambda lines: [*lines[:2], b64encode(bytes(32)).decode(), lines[3]],
        lambda lines: [*lines[:2], b64encode(bytes(31)).decode(), lines[3]],
        lambda lines: [*lines[:2], lines[2].replace("=", "!"), lines[3]],
        lambda lines: [*lines[:3], "0" * 16],
        lambda lines: [*lines[:3], lines[3].upper() + "é"],
    ],
)
def test_a_damaged_file_is_refused_without_showing_the_key(path: str, change: object) -> None:
    assert callable(change)
    with open(path, encoding="ascii") as file:
        lines = file.read().split()
    written(path, "\n".join(change(lines)).encode())
    with pytest.raises(IntegrityError, match=r"The root key file .* is damaged") as caught:
        RootKey.load(path)
    shown = f"{caught.value} {caught.value.hint} {caught.value.__cause__} {caught.value.__context__}"
    for line in lines[2:]:
        assert line not in shown


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_flipped_bit_makes_another_key(path: str, data: st.DataObject) -> None:
    with open(path, "rb") as file:
        content = bytearray(file.read())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    with open(path, "wb") as file:
        file.write(content)
    try:
        root = RootKey.load(path)
        assert root is not None  # a line break may become another, and hexadecimal digits capitals
        assert root.store_id == STORE_ID
        assert root.derive(b"", b"") == RootKey(STORE_ID, KEY).derive(b"", b"")
    except KmsError as error:
        assert isinstance(error, IntegrityError)  # noqa: PT017 - one or the other
    finally:
        content[bit // 8] ^= 1 << bit % 8
        with open(path, "wb") as file:
            file.write(content)


def test_a_file_that_others_may_read_is_refused(path: str) -> None:
    os.chmod(path, 0o640)
    with pytest.raises(StoreAccess, match="open to others"):
        RootKey.load(path)


def test_a_link_is_refused(path: str, tmp_path: Path) -> None:
    os.symlink(path, tmp_path / "link")
    with pytest.raises(StoreAccess, match="not a plain file"):
        RootKey.load(str(tmp_path / "link"))


def test_a_huge_file_is_not_read(path: str) -> None:
    written(path, b"x" * 5000)
    with pytest.raises(IntegrityError, match="too large"):
        RootKey.load(path)


def test_a_root_key_does_not_print_itself() -> None:
    root = RootKey(STORE_ID, KEY)
    for shown in (repr(root), str(root), f"{root!r}"):
        assert KEY.hex() not in shown
        assert repr(KEY) not in shown
        assert b64encode(KEY).decode() not in shown
