"""Run every bench in quick mode and write docs/benchmarks.md: each figure beside the command that makes it again."""

import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from comity.bench.names import NAMES, load
from comity.errors import ComityError
from comity.settings import load as load_settings

PAGE: Final = Path("docs/benchmarks.md")
LEAD: Final = """# Benchmarks

Written by `./run bench`; do not edit. Each section is what one command printed, on the machine named here.
Absolute times are goals and differ from machine to machine; ratios were measured beside the peer in the same run.
"""


def quick(corpora: Path) -> dict[str, list[str]]:
    """Arguments of the quick form, by bench."""
    horizon = corpora / "horizon"
    tables = ["--runs", str(horizon / "model_runs.parquet"), "--tasks", str(horizon / "task_difficulties.parquet")]
    published = ["--published", str(horizon / "model_summaries_human_2M.parquet")]
    return {
        "match": ["--advisories", str(corpora / "advisories")],
        "versions": [str(corpora / "versions")],
        "labels": [str(corpora / "matching" / "anchore-labels.parquet"), "--advisories", str(corpora / "advisories")],
        "horizon": [*tables, *published, "--draws", "50"],
        "adaptive": tables,
        "taxii": ["--objects", "20000"],
        "readers": ["--seconds", "15"],
        "dedupe": [str(corpora / "dedupe"), "--repeats", "1"],
        "pool": ["--reports", "20000"],
        "pages": ["--reports", "2000", "--assets", "500"],
        "faithfulness": [str(corpora / "brief")],
        "coverage": ["--worlds", "10", "--subjects", "500", "--odd", "4"],
    }


def rewrite(arguments: Sequence[str]) -> int:
    """Run them all, `--full` in the long form, and write the page. 0 when every bench ran."""
    err = Console(stderr=True, highlight=False)
    corpora = load_settings().corpora or Path("../shared/data")
    given = quick(corpora)
    sections = [LEAD, _machine()]
    failed = 0
    for name in NAMES:
        options = [] if "--full" in arguments and name not in {"horizon", "adaptive"} else given.get(name, [])
        err.print(f"bench {name} {' '.join(options)}", markup=False)
        started = time.monotonic()
        text, ran = _one(name, options)
        failed += not ran
        seconds = time.monotonic() - started
        shown = " ".join(o.replace(str(corpora), "$COMITY_CORPORA") for o in options)
        sections.append(
            f"## {name}\n\n`comity bench {name}{' ' + shown if shown else ''}` ({seconds:.0f} s)\n\n{text}\n"
        )
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join(sections))
    err.print(f"written to {PAGE}", markup=False)
    return 1 if failed else 0


def _one(name: str, options: list[str]) -> tuple[str, bool]:
    try:
        module = load(name)
        result: dict[str, Any] = module.run(options)
    except (ComityError, FileNotFoundError) as error:
        return f"Not run: {error}", False
    return f"```text\n{module.table(result).rstrip()}\n```", True


def _machine() -> str:
    now = datetime.now(UTC)  # noqa: TID251 - a bench reads the clock
    return (
        f"{now:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}\n"
    )
