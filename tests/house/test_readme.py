"""What README.md and the pages it leads to promise is there: commands, links, the example, the order's states."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from comity.cli.commands import app, run
from comity.formats.order_page import markdown
from comity.formats.pack import shipped_order
from tests.conftest import ROOT

PAGES = ("README.md", "docs/deployment.md", "docs/cli.md", "docs/demo.md", "docs/operating.md", "docs/settings.md")
FENCE = re.compile(r"^```\w*\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:comity|\./run) [^`]+)`")


def text(name: str) -> str:
    """A page."""
    return (ROOT / name).read_text()


def commands(name: str) -> list[list[str]]:
    """Each `comity ...` and `./run ...` of a page, as words."""
    lines = [line for block in FENCE.findall(text(name)) for line in block.splitlines()]
    lines += INLINE.findall(text(name))
    found = []
    for line in lines:
        words = shlex.split(line.removeprefix("$ ").replace(".venv/bin/comity", "comity"), comments=True)
        while words and re.fullmatch(r"COMITY_\w+=.*", words[0]):
            words.pop(0)
        if len(words) > 1 and words[0] in {"comity", "./run"}:
            found.append(words)
    return found


def command_of(words: list[str]) -> list[str]:
    """The command's own names: `case show` out of `comity case show C-1 --json`."""
    taken, level = [], app
    for word in words[1:]:
        if word.startswith("-") or word not in level:
            break
        taken.append(word)
        level = level[word]
    return taken


@pytest.mark.parametrize("name", PAGES)
def test_every_command_on_the_page_exists_with_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = commands(name)
    assert found or name == "docs/settings.md"
    usage = subprocess.run([str(ROOT / "run")], capture_output=True, text=True, check=True).stdout
    for words in found:
        if words[0] == "./run":
            assert f"./run {words[1]} " in usage, words
            continue
        if words[1] in {"--version", "--help", "COMMAND"}:
            continue
        taken = command_of(words)
        assert taken, words
        capsys.readouterr()
        assert run([*taken, "--help"]) == 0
        said = capsys.readouterr().out
        for option in (word for word in words if word.startswith("--")):
            assert option.partition("=")[0] in said, words


@pytest.mark.parametrize("name", [*PAGES, "CHANGELOG.md"])
def test_every_link_on_the_page_leads_somewhere(name: str) -> None:
    here = (ROOT / name).parent
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text(name)):
        if not target.startswith("https://"):
            assert (here / target).resolve().exists(), target


def test_every_command_is_on_the_terminals_page() -> None:
    said = {" ".join(command_of(words)) for words in commands("docs/cli.md")}
    for name in app:
        inner = [] if name.startswith("-") else [one for one in app[name] if not one.startswith("-")]
        for full in [f"{name} {one}" for one in inner] or ([] if name.startswith("-") else [name]):
            assert full in said, full


def test_the_orders_states_are_the_packs() -> None:
    rows = re.findall(r"^\| (\d[^|]*) \| ([^|]+) \| ([^|]+) \|$", text("README.md"), flags=re.MULTILINE)
    states = [(about.strip(), state.strip()) for _, about, state in rows]
    assert states == [(clause.title, clause.state.value) for clause in shipped_order().clauses]
    for clause, about, _ in rows:
        assert f"| {clause.strip()} | {about.strip()} |" in markdown(shipped_order())


def test_the_example_is_taken_as_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMITY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COMITY_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(ROOT)
    assert run(["submit", "--dry-run", "docs/examples/first-report.json"]) == 0
    said = capsys.readouterr().out.strip()
    assert said
    assert said in text("README.md")


def test_what_is_not_built_is_said_for_each_reader_who_would_look_for_it() -> None:
    table = text("README.md").partition("## Where to begin")[2].partition("## How")[0]
    rows = [line for line in table.splitlines() if line.startswith("| a")]
    assert len(rows) == 7
    for word in ("agency defender", "small operator", "maintainer", "editor"):
        row = next(line for line in rows if word in line)
        assert "**not built yet**" in row


def test_no_page_speaks_for_a_government_or_a_developer() -> None:
    said = " ".join(text("README.md").split())
    assert "connected to no government and to no developer" in said
