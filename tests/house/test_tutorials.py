"""Every command of a walk runs, in the order of its page, on one store; what the page shows is what it says."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.cli.commands import run
from tests.conftest import ROOT

FENCE = re.compile(r"^```console\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"# exit status (\d)$")
IDS = {
    "CASE": r"\bC-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b",
    "RECEIPT": r"\bSUB-[0-9A-Z]{20,}\b",
    "CONTRACT": r"\bM-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b",
    "ENGAGEMENT": r"\bE-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b",
}
PAGES = sorted(p.name for p in (ROOT / "docs" / "tutorials").glob("*.md") if p.name != "index.md")


def walk(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a page with the lines shown below it."""
    for block in FENCE.findall((ROOT / "docs" / "tutorials" / page).read_text()):
        command, shown = "", []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line.removeprefix("$ "), []
            else:
                shown.append(line)
        yield command, shown


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_walk_does_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("data", "keys", "checkpoints"):
        monkeypatch.setenv(f"COMITY_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("COMITY_OFFLINE", "yes")
    here = tmp_path / "clone"
    shutil.copytree(ROOT / "docs" / "examples", here / "docs" / "examples")
    packs = Path("src/comity/formats/packs/directives")
    shutil.copytree(ROOT / packs, here / packs)
    monkeypatch.chdir(here)
    found: dict[str, str] = {}
    ran = 0
    for command, shown in walk(page):
        wanted = STATUS.search(command)
        words = [found.get(word, word) for word in shlex.split(command, comments=True)]
        assert words[0] == "comity"
        status = run(words[1:])
        said = capsys.readouterr()
        allowed = {int(wanted[1])} if wanted else ({0, 1} if words[1] == "doctor" else {0})
        assert status in allowed, (command, said.out, said.err)
        for name, pattern in IDS.items():
            if seen := re.findall(pattern, said.out):
                found[name] = seen[-1]
        for line in shown:
            assert line.strip() in " ".join(said.out.split()), (command, said.out)
        ran += 1
    assert ran >= 2
