"""Loading modules: which files may be loaded, and what is private of python-pkcs11."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.pkcs11 import cryptoki, loading, module_path
from kmsctl.errors import TokenError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tokens import Token


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "module.so"
    path.write_bytes(b"no module at all")
    path.chmod(0o644)
    return path


def test_a_file_of_the_users_own_may_be_loaded(module: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.so"
    link.symlink_to(module)
    assert module_path.check(str(module)) == os.path.realpath(module)
    assert module_path.check(str(link)) == os.path.realpath(module)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o622])
def test_a_module_that_others_can_write_is_refused(module: Path, mode: int) -> None:
    module.chmod(mode)
    with pytest.raises(TokenError, match=f"{module} can be written by others") as caught:
        loading.load(str(module), None)
    assert caught.value.hint == f"chmod go-w {os.path.realpath(module)}"


def test_a_directory_that_others_can_write_is_refused(module: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(TokenError, match=f"{tmp_path} can be written by others"):
        module_path.check(str(module))
    # In a sticky directory nobody can replace what is another's.
    tmp_path.chmod(0o1777)
    module_path.check(str(module))


def test_the_way_over_a_link_counts(module: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link.so").symlink_to(module)
    module_path.check(str(shared / "link.so"))
    shared.chmod(0o777)
    with pytest.raises(TokenError, match=f"{shared} can be written by others"):
        module_path.check(str(shared / "link.so"))


def test_every_link_on_the_way_counts(module: Path, tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    own.mkdir()
    (shared / "second.so").symlink_to(module)
    (shared / "directory").symlink_to(own)
    (own / "first.so").symlink_to("../shared/second.so")
    ways = (own / "first.so", shared / "directory" / ".." / module.name)
    for way in ways:
        assert module_path.check(str(way)) == os.path.realpath(module)
    shared.chmod(0o777)
    for way in ways:
        with pytest.raises(TokenError, match=f"{shared} can be written by others"):
            module_path.check(str(way))


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "loop.so"
    loop.symlink_to(loop)
    with pytest.raises(TokenError, match="cannot be read"):
        module_path.check(str(loop))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_module_of_another_user_is_refused(module: Path) -> None:
    os.chown(module, 12345, 12345)
    with pytest.raises(TokenError, match="belongs to another user"):
        module_path.check(str(module))


def test_files_that_are_no_modules(module: Path, tmp_path: Path) -> None:
    with pytest.raises(TokenError, match=r"There is no PKCS#11 module .*none\.so"):
        loading.load(str(tmp_path / "none.so"), None)
    with pytest.raises(TokenError, match="not a regular file"):
        loading.load(str(tmp_path), None)
    pytest.importorskip("pkcs11")
    with pytest.raises(TokenError, match="cannot be loaded as a PKCS#11 module") as caught:
        loading.load(str(module), None)
    assert "module.so" in (caught.value.hint or "")


def test_a_library_that_is_no_module() -> None:
    pytest.importorskip("pkcs11")
    import _ctypes

    with pytest.raises(TokenError, match="cannot be loaded as a PKCS#11 module") as caught:
        loading.load(_ctypes.__file__, None)
    assert caught.value.hint == "It has no function C_GetFunctionList."


def test_python_pkcs11_calls_our_initialization(
    softhsm_token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is private: `pkcs11._pkcs11.lib` has to call `initialize` of its subclass, and nothing else."""
    called: list[str | None] = []
    shim = cryptoki.Cryptoki(os.path.realpath(softhsm_token.module))
    initialize = cryptoki.Cryptoki.initialize

    def record(self: cryptoki.Cryptoki, parameters: str | None) -> None:
        called.append(parameters)
        initialize(self, parameters)

    monkeypatch.setattr(cryptoki.Cryptoki, "initialize", record)
    library = loading._library_class()(softhsm_token.module, shim, None)
    assert called == [None]
    assert library.manufacturer_id == "SoftHSM"
    assert library.get_slots()


_LOCKING = """
import ctypes, sys
from kmsctl.crypto.pkcs11 import cryptoki
given = []
def call(self, name, *arguments):
    argument = arguments[0]
    given.append((name, None if argument is None else argument._obj.flags))
cryptoki.Cryptoki._call = call
cryptoki.Cryptoki(sys.argv[1]).initialize(None)
print(given)
"""


def test_locking_is_asked_for(softhsm_token: Token) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOCKING, softhsm_token.module], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[('C_Initialize', 2)]"


_IMPORTS = """
import sys
from kmsctl.crypto.pkcs11 import failures
failures.kinds()
import pkcs11, pkcs11._pkcs11
print("asn1crypto" in sys.modules)
print(pkcs11.util.ec.encode_named_curve_parameters("secp256r1").hex(), "asn1crypto" in sys.modules)
"""


def test_python_pkcs11_does_without_its_helpers_until_they_are_asked_for() -> None:
    pytest.importorskip("pkcs11")
    done = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "06082a8648ce3d030107", "True"]


def test_missing_package_is_named(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kmsctl.crypto.pkcs11 import failures

    def missing() -> None:
        raise ImportError

    monkeypatch.setattr(failures, "kinds", missing)
    with pytest.raises(TokenError, match="python-pkcs11") as caught:
        loading.load(str(module), None)
    assert caught.value.hint == "pip install 'kmsctl[hsm]'"
