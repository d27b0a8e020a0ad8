"""Two workers on one PostgreSQL, a thousand submissions of a hundred findings: a hundred cases, no receipt lost."""

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from comity.clearing import flow
from comity.model.case import Stage
from comity.settings import Settings
from comity.store import cases, engine, journal, reports
from comity.store.crypt import MasterKey
from tests.durable.harness import ROOT
from tests.store.cluster import Cluster, running


@pytest.fixture(scope="module")
def postgres():
    with running() as cluster:
        yield cluster


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_a_thousand_submissions_of_a_hundred_findings_race_into_a_hundred_cases(
    postgres: Cluster, tmp_path: Path
) -> None:
    url = postgres.fresh()
    submissions, findings = 1000, 100
    started = time.monotonic()
    receipts: list[str] = []
    with ExitStack() as stack:
        workers = []
        for number in ("1", "2"):
            argv = [sys.executable, "-W", "error", "-m", "tests.clearing.racer", f"worker-{number}", number]
            argv += [str(tmp_path), url, str(submissions // 2), str(findings)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            worker = stack.enter_context(subprocess.Popen(argv, cwd=ROOT, **pipes))
            stack.callback(worker.kill)
            assert worker.stdout.readline() == "ready\n"
            workers.append(worker)
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        for worker in workers:
            while (line := worker.stdout.readline().strip()) not in {"sent", ""}:
                receipts.append(line)
        for worker in workers:
            assert worker.stdout.readline() == "done\n"
        seconds = time.monotonic() - started
        for worker in workers:
            worker.stdin.write("end\n")
            worker.stdin.flush()
            assert worker.wait(timeout=60) == 0
    store = engine.open(
        Settings(data=tmp_path / "data", keys=tmp_path / "keys", database_url=url), MasterKey(b"k" * 32)
    )
    try:
        with store.read() as tx:
            held = [reports.by_receipt(tx, receipt) for receipt in receipts]
            owners = {report.id: reports.case_of(tx, report.id) for report in held}
            page = cases.page(tx, flow.FLOW, limit=500)
            joined = journal.tally(tx, "report.deconflicted", outcome="same")
    finally:
        store.close()
    print(f"{submissions} submissions, {len(page.items)} cases, {seconds:.1f} s")
    assert len(set(receipts)) == len(receipts) == submissions
    assert None not in owners.values()
    assert len(page.items) == len(set(owners.values())) == findings
    assert sorted(report for case in page.items for report in case.reports) == sorted(owners)
    assert joined == submissions - findings
    assert {case.stage for case in page.items} == {Stage.NEEDS_INFO}
