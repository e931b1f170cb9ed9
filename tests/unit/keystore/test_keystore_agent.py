"""The agent, in processes of its own."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import StoreAccess
from kmsctl.keystore import agent, agent_server
from kmsctl.keystore.root import RootKey

if TYPE_CHECKING:
    from collections.abc import Iterator

STORE = bytes(range(16))
ROOTS = [RootKey(STORE, os.urandom(32)), RootKey(STORE, os.urandom(32))]


@pytest.fixture(params=["short", "long"])
def directory(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    path = tmp_path / ("x" * 120 if request.param == "long" else "x")
    path.mkdir(mode=0o700)
    yield str(path)
    agent.end(str(path))


def ids(directory: str) -> list[str]:
    return [root.id for root in agent.fetch(directory, STORE)]


def pid_of(directory: str) -> int:
    path, descriptor = agent.address(directory)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        pid = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4]
    if descriptor is not None:
        os.close(descriptor)
    return int.from_bytes(pid, "little")


def wait_for_end(pid: int) -> None:
    """Waits for a process that is nobody's child here."""
    descriptor = os.pidfd_open(pid)
    try:
        import select

        assert select.select([descriptor], [], [], 20)[0]
    finally:
        os.close(descriptor)


def test_it_keeps_root_keys_until_it_is_told_to_end(directory: str) -> None:
    assert ids(directory) == []
    assert not agent.end(directory)
    agent.start(directory, ROOTS[:1], 60)
    assert ids(directory) == [ROOTS[0].id]
    socket_path = os.path.join(directory, agent.SOCKET)
    assert os.lstat(socket_path).st_mode & 0o777 == 0o600
    assert agent.update(directory, ROOTS)
    assert ids(directory) == [root.id for root in ROOTS]
    pid = pid_of(directory)
    assert agent.end(directory)
    wait_for_end(pid)
    assert ids(directory) == []
    assert os.listdir(directory) == []


def test_nothing_secret_is_in_its_arguments_or_environment_and_it_has_no_terminal(directory: str) -> None:
    agent.start(directory, ROOTS, 60)
    pid = pid_of(directory)
    for name in ("cmdline", "environ"):
        try:
            content = Path(f"/proc/{pid}/{name}").read_bytes()
        except PermissionError:
            continue  # it is not dumpable: not even its own user may look
        for root in ROOTS:
            assert root.reveal() not in content
            assert root.reveal().hex().encode() not in content
    status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    _, parent, _, session, terminal = status[:5]
    assert parent != str(os.getpid())
    assert session != str(pid)  # it can get no terminal either
    assert terminal == "0"


def test_its_memory_is_kept_from_others(directory: str) -> None:
    locked = agent.start(directory, ROOTS, 60)
    pid = pid_of(directory)
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert (int(found["VmLck"].split()[0]) > 0) == locked
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii") if os.geteuid() == 0 else ""
    if limits:
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]
        # A process that is not dumpable has its files in /proc owned by root; under root, ask the kernel.
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0


def test_it_ends_at_its_time(directory: str) -> None:
    agent.start(directory, ROOTS, 1)
    wait_for_end(pid_of(directory))
    assert ids(directory) == []
    assert os.listdir(directory) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_and_it_clears_up(directory: str, number: signal.Signals) -> None:
    agent.start(directory, ROOTS, 60)
    pid = pid_of(directory)
    os.kill(pid, number)
    wait_for_end(pid)
    assert os.listdir(directory) == []


def test_one_that_was_killed_is_no_agent_and_another_takes_its_place(directory: str) -> None:
    agent.start(directory, ROOTS[:1], 60)
    pid = pid_of(directory)
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)
    assert os.listdir(directory) == [agent.SOCKET]
    assert ids(directory) == []
    assert not agent.end(directory)
    agent.start(directory, ROOTS[1:], 60)
    assert ids(directory) == [ROOTS[1].id]


def test_one_that_does_not_answer_is_not_said_to_have_ended(
    directory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.start(directory, ROOTS, 60)
    pid = pid_of(directory)
    monkeypatch.setattr(agent, "PATIENCE", 0.2)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert ids(directory) == []
        with pytest.raises(StoreAccess, match="may still have the root key"):
            agent.end(directory)
        with pytest.raises(StoreAccess, match="may still have the root key"):
            agent.start(directory, ROOTS, 60)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for_end(pid)  # it was told so meanwhile


def test_a_second_one_takes_the_place_of_the_first(directory: str) -> None:
    agent.start(directory, ROOTS[:1], 60)
    first = pid_of(directory)
    agent.start(directory, ROOTS[1:], 60)
    wait_for_end(first)
    assert ids(directory) == [ROOTS[1].id]


def serving(directory: str, *, uid: int) -> threading.Thread:
    """Starts an agent in a thread that takes this user for another one."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(os.path.join(directory, agent.SOCKET))
    os.chmod(os.path.join(directory, agent.SOCKET), 0o600)
    listening.listen()
    vault = agent_server.Vault([root.reveal() for root in ROOTS])
    served = agent_server.Agent(listening, vault, agent_server.now() + 2, lambda peer: peer == uid)

    def serve() -> None:
        with listening:
            served.serve()

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_another_user_is_not_answered(tmp_path: Path) -> None:
    thread = serving(str(tmp_path), uid=os.geteuid() + 1)
    assert ids(str(tmp_path)) == []
    assert not agent.end(str(tmp_path))
    thread.join()


def test_an_agent_of_another_user_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = serving(str(tmp_path), uid=os.geteuid())
    with monkeypatch.context() as patch:
        patch.setattr(agent, "peer_uid", lambda connection: os.geteuid() + 1)
        with pytest.raises(StoreAccess, match="Another user listens"):
            agent.fetch(str(tmp_path), STORE)
    assert ids(str(tmp_path)) == [root.id for root in ROOTS]
    agent.end(str(tmp_path))
    thread.join()


@pytest.mark.parametrize("line", [b"", b"\n", b"get", b"what\n", b"set\n", b"set 00\n", b"x" * 5000])
def test_nonsense_is_not_answered(tmp_path: Path, line: bytes) -> None:
    thread = serving(str(tmp_path), uid=os.geteuid())
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(tmp_path / agent.SOCKET))
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(1000)
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or (line == b"get" and answer.startswith(b"ok "))
    assert ids(str(tmp_path)) == [root.id for root in ROOTS]
    agent.end(str(tmp_path))
    thread.join()


@pytest.mark.parametrize("kind", ["file", "open"])
def test_what_is_no_socket_of_ones_own_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / agent.SOCKET
    if kind == "file":
        path.write_bytes(b"")
    else:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        path.chmod(0o666)
        listening.close()
    with pytest.raises(StoreAccess, match="not a socket of your own alone"):
        agent.fetch(str(tmp_path), STORE)


def test_memory_is_zeroed() -> None:
    vault = agent_server.Vault([ROOTS[0].reveal()])
    assert vault.roots() == [ROOTS[0].reveal()]
    vault.clear()
    assert vault.roots() == []
    assert ROOTS[0].reveal() not in vault._buffer.raw
