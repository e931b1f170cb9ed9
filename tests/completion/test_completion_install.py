"""`kmsctl completion SHELL --install`: a new shell completes, and nobody's own file is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kmsctl.cli.completion import SHELLS
from kmsctl.cli.completion.scripts import MARK, script
from tests.completion.shells import Shell

PLACES = {
    "bash": ".local/share/bash-completion/completions/kmsctl",
    "zsh": ".local/share/zsh/site-functions/_kmsctl",
    "fish": ".config/fish/completions/kmsctl.fish",
}
#: What a user's own start-up file has in it, which may be nothing.
STARTS = {
    "bash": ". /usr/share/bash-completion/bash_completion",
    "zsh": 'fpath=("$HOME/.local/share/zsh/site-functions" $fpath); compinit -D -u',
    "fish": "true",
}


def install(shell: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["kmsctl", "completion", shell, "--install"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def at_home(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return {**environment, "HOME": str(tmp_path)}


@pytest.mark.parametrize("name", SHELLS)
def test_a_new_shell_completes(name: str, at_home: dict[str, str], tmp_path: Path) -> None:
    if name == "bash" and not Path("/usr/share/bash-completion/bash_completion").exists():
        pytest.skip("bash-completion is not installed: what it would load is NOT tested")
    path = tmp_path / PLACES[name]
    done = install(name, at_home)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"Wrote [{path}].\n")
    assert path.read_text() == script(name)
    assert path.stat().st_mode & 0o777 == 0o644
    shell = Shell(name, at_home, tmp_path, script=STARTS[name])
    try:
        assert shell.completed("kmsctl keys cr") == "kmsctl keys create "
    finally:
        shell.close()


@pytest.mark.parametrize("name", SHELLS)
def test_a_script_of_an_older_version_is_replaced(name: str, at_home: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / PLACES[name]
    path.parent.mkdir(parents=True)
    path.write_text(f"# {MARK}\nolder\n")
    done = install(name, at_home)
    assert done.stderr.startswith(f"Replaced [{path}].\n")
    assert path.read_text() == script(name)


@pytest.mark.parametrize("name", SHELLS)
def test_what_somebody_else_put_there_is_left_alone(
    name: str, at_home: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / PLACES[name]
    path.parent.mkdir(parents=True)
    path.write_text("my own\n")
    done = install(name, at_home)
    assert done.returncode == 1
    assert done.stderr == (
        f"ERROR: (kmsctl.completion) [{path}] is there already, and was not written by kmsctl.\n"
        "Move it away, or write the script elsewhere: kmsctl completion prints it.\n"
    )
    assert path.read_text() == "my own\n"
    # A link is somebody's arrangement, wherever it leads.
    elsewhere = path.rename(tmp_path / "elsewhere")
    elsewhere.write_text(MARK)
    path.symlink_to(elsewhere)
    assert install(name, at_home).returncode == 1
    assert elsewhere.read_text() == MARK


@pytest.mark.parametrize("name", SHELLS)
def test_the_places_move_with_their_variables(name: str, at_home: dict[str, str], tmp_path: Path) -> None:
    moved = {
        **at_home,
        "XDG_DATA_HOME": str(tmp_path / "moved/.local/share"),
        "XDG_CONFIG_HOME": str(tmp_path / "moved/.config"),
    }
    assert install(name, moved).returncode == 0
    assert (tmp_path / "moved" / PLACES[name]).exists()
    ignored = {**at_home, "XDG_DATA_HOME": "relative", "XDG_CONFIG_HOME": "relative"}
    assert install(name, ignored).returncode == 0
    assert (tmp_path / PLACES[name]).exists()


def test_without_install_the_script_is_printed(at_home: dict[str, str]) -> None:
    for name in SHELLS:
        done = subprocess.run(["kmsctl", "completion", name], env=at_home, capture_output=True, check=True)
        assert done.stdout.decode() == script(name)
        assert done.stderr == b""


def test_an_unknown_shell_is_refused(at_home: dict[str, str]) -> None:
    done = subprocess.run(
        ["kmsctl", "completion", "tcsh"], env=at_home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == (
        "ERROR: (kmsctl.completion) argument SHELL: Invalid choice: 'tcsh'.\n\n"
        "Valid choices are [bash, zsh, fish].\n"
    )
