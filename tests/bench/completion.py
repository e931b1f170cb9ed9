"""How long a Tab takes: names, as multiples of ``python3 -c pass``; words, inside each shell.

Run from the top of the project, on a quiet machine:

    python -m tests.bench.completion [--rounds 41] [--keys 100000]

Names are asked for through a launcher like the one that pip writes, from compiled modules, of a ring with
that many keys in a store in a temporary directory.
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import kmsctl.__main__
from kmsctl.cli.completion import SHELLS
from kmsctl.service.kms import Kms
from tests.bench.seed import LOCATION, RING, seed
from tests.bench.timing import Program, compare, report
from tests.completion.shells import TAB, Shell

COMPLETIONS = Path(__file__).resolve().parents[2] / "completions"
LAUNCHER = """#!{python}
import sys
sys.path.insert(0, {modules!r})
from kmsctl.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(main())
"""
LINES = (
    "kmsctl ke",
    "kmsctl keys create --pu",
    "kmsctl keys list --location=us",
    "kmsctl keys create db --keyring=prod --location=us-east1 --default-algorithm=rsa",
)
TIMES = 300
_BASH = """
. {path}/kmsctl.bash
compopt() {{ :; }}
COMP_LINE=$1 COMP_POINT=${{#1}}
read -ra COMP_WORDS <<< "${{1//=/ = }}"
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
began=$EPOCHREALTIME
for ((i = 0; i < {times}; i++)); do _kmsctl kmsctl "${{COMP_WORDS[COMP_CWORD]}}" ''; done
ended=$EPOCHREALTIME
[[ ${{#COMPREPLY[@]}} -gt 0 ]] && echo $((${{ended/./}} - ${{began/./}}))
"""
_FISH = """
source {path}/kmsctl.fish
complete -C $argv[1] | count >/dev/null; or exit 1
set began (date +%s%N)
for i in (seq {times}); complete -C $argv[1] >/dev/null; end
math "($(date +%s%N) - $began) / 1000"
"""
_ZSH = """
fpath=({path} $fpath); autoload -U _kmsctl; zmodload zsh/datetime
timed() {{ local began=$EPOCHREALTIME; _kmsctl; took=$(( (EPOCHREALTIME - began) * 1e6 )); }}
compdef timed kmsctl; took() {{ BUFFER=$took; }}; zle -N took; bindkey '^T' took
"""


def names(place: Path, *, keys: int, rounds: int) -> None:
    """Measures what the shells ask the program."""
    home, modules, launcher = place / "home", place / "modules", place / "kmsctl"
    shutil.copytree(Path(kmsctl.__main__.__file__).parent, modules / "kmsctl")
    compileall.compile_dir(modules, quiet=2)
    launcher.write_text(LAUNCHER.format(python=sys.executable, modules=str(modules)))
    launcher.chmod(0o755)
    kms = Kms(str(home / "data"), str(home / "config" / "store"))
    seed(kms, keys=keys, versions_each=1)
    kms.close()
    place_flags = (f"--location={LOCATION.location}", f"--keyring={RING.key_ring}")
    environment = {"KMSCTL_HOME": str(home)}

    def ask(label: str, *words: str) -> Program:
        return Program(label, [str(launcher), "--complete-names", *words, *place_flags], environment)

    programs = [
        ask(f"key, 10 of {keys:,} fit", "key", "key-00001"),
        ask(f"key, all {keys:,} fit", "key", ""),
        ask("version", "version", "", "--key=key-000001"),
        ask("key ring", "keyring", ""),
    ]
    compare(programs, rounds=rounds)


def words() -> None:
    """Measures what the shells do alone, for each Tab."""
    for line in LINES:
        for shell in SHELLS:
            if shutil.which(shell):
                report(
                    f"{shell}: {line}"[:58], {"bash": in_bash, "zsh": in_zsh, "fish": in_fish}[shell](line)
                )


def in_bash(line: str) -> float:
    code = _BASH.format(path=COMPLETIONS, times=TIMES)
    done = subprocess.run(["bash", "--norc", "-c", code, "bash", line], capture_output=True, check=True)
    return int(done.stdout) / TIMES / 1e6


def in_fish(line: str) -> float:
    """Also what fish itself does to start and to sort the answer."""
    code = _FISH.format(path=COMPLETIONS, times=TIMES)
    done = subprocess.run(["fish", "--no-config", "-c", code, line], capture_output=True, check=True)
    return float(done.stdout) / TIMES / 1e6


def in_zsh(line: str) -> float:
    """The median of nine Tabs after the first, which loads the script."""
    shell = Shell("zsh", {"PATH": "/usr/local/bin:/usr/bin:/bin"}, Path("/"), _ZSH.format(path=COMPLETIONS))
    try:
        times = [float(shell.line(f"{line}{TAB}\x14")) for _ in range(10)]
    finally:
        shell.close()
    return sorted(times[1:])[4] / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--keys", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kmsctl-bench-") as place:
        names(Path(place), keys=options.keys, rounds=options.rounds)
    print()
    words()


if __name__ == "__main__":
    main()
