"""Comity stays light: distributions and megabytes of the core, distributions of a host, and the time to say hello."""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

CORE_DISTRIBUTIONS = 60
SERVER_DISTRIBUTIONS = 90
CORE_MEGABYTES = 160
VERSION_SECONDS = 0.3


def locked(name: str) -> set[str]:
    """The distributions that a lock pins for this platform or any other."""
    return set(re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "lock" / f"{name}.txt").read_text(), flags=re.MULTILINE))


def test_the_core_is_at_most_sixty_distributions_with_comity_itself() -> None:
    assert 0 < len(locked("core")) + 1 <= CORE_DISTRIBUTIONS


def test_a_host_is_at_most_ninety_distributions_with_comity_itself() -> None:
    assert len(locked("core")) < len(locked("server")) + 1 <= SERVER_DISTRIBUTIONS


@pytest.mark.parametrize("name", ["core", "server", "demo", "dev", "build", "uv"])
def test_every_pin_has_hashes_and_no_lock_names_an_index(name: str) -> None:
    text = (ROOT / "lock" / f"{name}.txt").read_text()
    pins = re.split(r"^(?=[A-Za-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]
    assert pins
    assert [pin.partition(" ")[0] for pin in pins if "--hash=sha256:" not in pin] == []
    assert "://" not in "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def test_what_pyproject_asks_for_is_locked() -> None:
    import tomllib

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in wanted}
    assert names <= {name.lower() for name in locked("core")}


def test_comity_says_its_version_within_three_tenths_of_a_second() -> None:
    command = [str(Path(sys.executable).with_name("comity")), "--version"]
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        seconds.append(time.perf_counter() - start)
    assert said.startswith("comity ")
    assert statistics.median(seconds) <= VERSION_SECONDS, seconds


@pytest.mark.network
@pytest.mark.timeout(600)
def test_the_core_installed_is_at_most_160_megabytes(tmp_path: Path) -> None:
    uv = ROOT / ".uv" / "bin" / "uv"
    if not uv.exists():
        pytest.skip("no network: uv is not set up here (./run setup)")
    base = [str(uv), "--quiet"]
    subprocess.run([*base, "venv", "--python", sys.executable, str(tmp_path / "v")], check=True)
    install = [*base, "pip", "install", "--link-mode", "copy", "--python", str(tmp_path / "v" / "bin" / "python")]
    made = subprocess.run(
        [*install, "--require-hashes", "-r", str(ROOT / "lock" / "core.txt")],
        capture_output=True,
        check=False,
        text=True,
    )
    if made.returncode:
        pytest.skip("no network: the locked packages could not be had: " + made.stderr[-200:])
    site = next((tmp_path / "v" / "lib").glob("python*/site-packages"))
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file() and not path.is_symlink())
    own = sum(path.stat().st_size for path in (ROOT / "src").rglob("*") if path.is_file() and path.suffix != ".pyc")
    print(f"core: {len(list(site.glob('*.dist-info')))} distributions, {(size + own) / 1e6:.0f} MB installed")
    assert len(list(site.glob("*.dist-info"))) + 1 <= CORE_DISTRIBUTIONS
    assert size + own <= CORE_MEGABYTES * 1_000_000


def test_a_host_starts_without_the_packages_of_any_extra_for_measuring() -> None:
    names = ("numpy", "pyarrow", "inspect_ai", "openai", "onnxruntime")
    absent = f"import sys\nfor name in {names}: sys.modules[name] = None\n"
    start = [sys.executable, "-c", f"{absent}import comity.app, comity.console, comity.taxii, comity.api.routes"]
    made = subprocess.run(start, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-600:]
