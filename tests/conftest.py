"""Shared by every suite: where the real data lies, and an honest count at the end of what was collected and skipped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.console import routing
from tests.store import pattern

ROOT = Path(__file__).resolve().parent.parent

ALLOWED_SKIPS = (
    "no corpora:",
    "no network:",
    "no PostgreSQL:",
    "no Chromium:",
    "no npm:",
    "not on this kernel:",
    "peer not installed:",
)
"""Reasons a test may be skipped for, by their first words. Any other skip fails the run."""


def corpora_folder() -> Path | None:
    """The folder of real data, or None where it is absent."""
    folder = Path(os.environ.get("COMITY_CORPORA", ROOT.parent / "shared" / "data"))
    return folder if (folder / "README.md").is_file() else None


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real data; the test is skipped, with the reason printed, where it is absent."""
    folder = corpora_folder()
    if folder is None:
        pytest.skip("no corpora: set COMITY_CORPORA to the folder of real data")
    return folder


@pytest.fixture(autouse=True, scope="session")
def new_stores_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """See `tests.store.pattern`."""
    with pattern.copied(tmp_path_factory.mktemp("pattern")):
        yield


@pytest.fixture(autouse=True, scope="session")
def streams_end_soon() -> Iterator[None]:
    """A stream of events ends after its first look: tests that ask every address would wait a minute at each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing, "STREAM", 1)
        yield


LONGEST_FIRST = (
    "tests/clearing/test_crash_postgresql.py",
    "tests/console/test_browser.py",
    "tests/clearing/test_crash_sqlite.py",
    "tests/validation/test_cases.py",
    "tests/durable/test_crash.py",
    "tests/api/test_contract.py",
    "tests/clearing/test_race.py",
    "tests/assess/test_campaign.py",
    "tests/clearing/test_crash_later.py",
    "tests/backup/test_backup.py",
    "tests/coordinate/test_no_leak.py",
    "tests/battery/test_telltale.py",
)
"""Files that take minutes: begun first, so that all processes are done at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; everything else keeps its order."""
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


_counts = {"collected": 0, "skipped": 0}
_strange: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count tests and skips, and note each skip whose reason is not on the list."""
    if report.when == "setup":
        _counts["collected"] += 1
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    _counts["skipped"] += 1
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith(ALLOWED_SKIPS):
        _strange.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skip outside the named list fails the run."""
    if _strange and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts, and the skips that are not allowed."""
    terminalreporter.write_line(f"collected {_counts['collected']}, skipped {_counts['skipped']}")
    for line in _strange:
        terminalreporter.write_line(f"skip outside the named list: {line}", red=True)
