"""The plan and the pages say what is there: every room has its row, every link of a page leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/comparison.md", "docs/order.md")
GLOBS = ("docs/decisions/*.md",)


def pages() -> list[Path]:
    return [ROOT / name for name in PAGES] + [path for glob in GLOBS for path in sorted(ROOT.glob(glob))]


def rooms_in_the_plan() -> set[str]:
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## 3. The rooms")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([a-z]+)` \|", table, flags=re.MULTILINE))


def rooms_in_the_house() -> set[str]:
    source = ROOT / "src" / "comity"
    folders = {path.parent.name for path in source.glob("*/__init__.py")}
    files = {path.stem for path in source.glob("*.py")} - {"__init__", "__main__"}
    return folders | files


def test_every_room_has_a_row_in_the_plan() -> None:
    assert rooms_in_the_house() - rooms_in_the_plan() == set()


def test_the_plan_names_no_room_that_is_not_there() -> None:
    assert rooms_in_the_plan() - rooms_in_the_house() == set()


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    dead = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert dead == []


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_test_files_and_folders_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(r"(?<![\w/])tests/[A-Za-z0-9_/-]+(?:\.[a-z]+)?", page.read_text(encoding="utf-8")))
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert missing == []


def test_the_comparison_says_each_thing_once() -> None:
    """A merge once kept the old and the new row of a table side by side."""
    sections = (ROOT / "docs/comparison.md").read_text(encoding="utf-8").split("\n## ")
    for section in sections:
        named = re.findall(r"^\| ([^|*-][^|]*) \|", section, flags=re.MULTILINE)
        assert sorted(set(named)) == sorted(named)
