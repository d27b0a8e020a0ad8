"""./run: a POSIX script that says what it can do, the same words as the README."""

import re
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

RUN = ROOT / "run"
SHELLS = [name for name in ("sh", "dash", "bash", "busybox") if shutil.which(name)]
BASHISMS = {
    r"\[\[": "[[ ]]",
    r"^\s*function\s": "function",
    r"\blocal\s": "local",
    r"<<<": "here-string",
    r"\$\{\w+(\^|,|/|:\d)": "substring expansion",
    r"\becho\s+-[en]": "echo with options",
    r"&>": "&>",
    r"^\s*source\s": "source",
    r"==": "== in a test",
    r"\w+=\(": "array",
}


def dispatched() -> set[str]:
    """The names that the script's case statement knows."""
    return set(re.findall(r"^    (\w+)\) shift;", RUN.read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_here_can_parse_it(shell: str) -> None:
    command = [shell, "sh", "-n", str(RUN)] if shell == "busybox" else [shell, "-n", str(RUN)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_it_asks_for_sh_and_uses_nothing_of_bash_alone() -> None:
    text = RUN.read_text()
    assert text.startswith("#!/bin/sh\n")
    code = "\n".join(line.partition(" #")[0] for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = {word for pattern, word in BASHISMS.items() if re.search(pattern, code, flags=re.MULTILINE)}
    assert found == set()


@pytest.mark.parametrize("arguments", [[], ["help"], ["--version"]])
def test_without_a_known_name_it_prints_what_it_can_do_and_does_nothing(arguments: list[str]) -> None:
    made = subprocess.run(["sh", str(RUN), *arguments], capture_output=True, text=True, check=True, cwd="/")
    assert set(re.findall(r"^\./run (\w+) ", made.stdout, flags=re.MULTILINE)) == dispatched()


def test_the_dispatch_is_the_one_that_is_promised() -> None:
    assert dispatched() == {"setup", "demo", "test", "check", "bench", "serve", "dist", "docs", "cast", "pictures"}


def test_it_starts_from_any_folder_by_itself() -> None:
    assert subprocess.run([str(RUN)], capture_output=True, check=False, cwd="/").returncode == 0


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    assert "exec ./run test" in (ROOT / ".ci" / "run").read_text()
    assert "./run test" in (ROOT / "README.md").read_text()
