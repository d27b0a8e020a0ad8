"""The docs site builds strictly and asks nobody else for anything; services and image are what the docs say."""

import os
import re
import subprocess
import sys
from pathlib import Path

from comity.access.policy import POLICY
from comity.model.events import Kind
from tests.conftest import ROOT

UNITS = sorted((ROOT / "packaging" / "systemd").glob("*.service"))
OUTSIDE = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=\"?(?:https?:)?//[^\" >]+")


def test_the_site_builds_strictly_with_the_codes_own_reference_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    made = subprocess.run(build, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-2000:]
    pages = {str(p.relative_to(tmp_path)): p.read_text() for p in tmp_path.rglob("*.html")}
    assert {name: OUTSIDE.findall(page) for name, page in pages.items() if OUTSIDE.search(page)} == {}
    assert all(action.value in pages["reference/rights.html"] for action in POLICY)
    assert all(kind.value in pages["reference/events.html"] for kind in Kind)
    assert "comity blind check" in pages["reference/commands.html"]
    assert "/api/v1/search" in pages["reference/api.html"]
    assert "COMITY_DATABASE_URL" in pages["reference/settings.html"]


def test_both_services_run_unprivileged_and_start_a_command_that_exists() -> None:
    assert [unit.name for unit in UNITS] == ["comity-web.service", "comity-worker@.service"]
    for unit in UNITS:
        lines = unit.read_text().splitlines()
        assert {"User=comity", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="} <= set(lines)
        (start,) = [line for line in lines if line.startswith("ExecStart=/opt/comity/bin/comity ")]
        assert start.split()[1] in {"serve", "worker"}


def test_the_image_is_run_by_an_ordinary_user_with_one_volume_and_hashed_packages() -> None:
    lines = (ROOT / "packaging" / "Containerfile").read_text().splitlines()
    assert "USER 10001" in lines
    assert [line for line in lines if line.startswith("VOLUME")] == ["VOLUME /srv/comity"]
    assert any("--require-hashes -r lock/server.txt" in line for line in lines)
