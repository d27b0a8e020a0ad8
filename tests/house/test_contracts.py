"""The arrows hold, and each contract can fail: a violation planted in a copy of the source breaks exactly that one."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "comity"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {c["id"]: c for c in PYPROJECT["tool"]["importlinter"]["contracts"]}
NOT_STEPS = {"__init__", "desk", "flow"}
"""Files of a desk that are no step, by the first word of their name: the sign, the counter, the flow and its parts."""

PLANTED = {
    "floors": ("formats/planted.py", "from comity.clearing import intake\n"),
    "no-cycles": ("model/ids.py", "from comity.model import report\n"),
    "doors": ("console/planted.py", "from comity.store import engine\n"),
    "embargo": ("library/planted.py", "from comity.store import reports\n"),
    "drafts": ("clearing/planted.py", "from comity.store import drafts\n"),
    "domains": ("clearing/planted.py", "from comity.store import inventories\n"),
    "engagements": ("clearing/planted.py", "from comity.store import engagements\n"),
    "pure": ("formats/planted.py", "import httpx\n"),
    "steps": ("clearing/deconflict.py", "from comity.store import engine\n"),
    "only-store-sql": ("clearing/planted.py", "import sqlalchemy\n"),
    "only-durable-engine": ("clearing/planted.py", "import dbos\n"),
    "only-sandbox-processes": ("feeds/planted.py", "import subprocess\n"),
    "only-feeds-http": ("clearing/planted.py", "import httpx\n"),
    "only-partners-cve": ("clearing/planted.py", "import cvelib\n"),
    "only-mail-smtp": ("clearing/planted.py", "import smtplib\n"),
    "only-access-identity": ("console/planted.py", "import webauthn\n"),
    "only-evals-inspect": ("assess/planted.py", "import inspect_ai\n"),
    "only-language-models": ("brief/planted.py", "import openai\n"),
    "only-language-embeds": ("clearing/planted.py", "import onnxruntime\n"),
}
"""Contract -> file under `src/comity` and a line to put at its end."""


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over a copy of the house in `folder`."""
    chosen = [part for name in contracts for part in ("--contract", name)]
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", folder / "pyproject.toml", "--no-cache", *chosen],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the house to plant violations in."""
    ignore = shutil.ignore_patterns("__pycache__", "recipes", "static", "schemas", "packs")
    shutil.copytree(SOURCE, tmp_path / "src" / "comity", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept(house):
    answer = lint(house)
    assert answer.returncode == 0, answer.stdout


def test_every_contract_has_a_planted_violation():
    assert set(PLANTED) == set(CONTRACTS)


@pytest.mark.parametrize("contract", sorted(PLANTED))
def test_a_planted_violation_breaks_its_contract(house, contract):
    name, line = PLANTED[contract]
    with (house / "src" / "comity" / name).open("a") as file:
        file.write(f"\n{line}")
    answer = lint(house, contract)
    assert answer.returncode == 1, answer.stdout
    assert "BROKEN" in answer.stdout


def test_a_new_folder_at_the_top_breaks_the_floors(house):
    (house / "src" / "comity" / "utils.py").write_text('"""Nobody\'s room."""\n')
    assert lint(house, "floors").returncode == 1


def test_the_list_of_steps_is_derived_so_the_contract_cannot_go_stale():
    steps = {
        f"comity.{desk}.{file.stem}".replace("/", ".")
        for desk in ("clearing", "assess", "assess/battery", "defend", "brief")
        for file in sorted((SOURCE / desk).glob("*.py"))
        if file.stem.partition("_")[0] not in NOT_STEPS and file.stem != "__init__"
    }
    assert steps == set(CONTRACTS["steps"]["source_modules"])


def test_every_room_has_a_sign_of_three_to_six_lines():
    for sign in sorted(SOURCE.glob("*/__init__.py")):
        text = sign.read_text().split('"""')[1]
        assert 2 <= len(text.strip().splitlines()) <= 8, f"{sign.parent.name}: the sign says what happens here"
