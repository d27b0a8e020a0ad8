"""Bench `workers`: how much more do two and three workers on one PostgreSQL get done, and does a kill cost anything?

A job is one report on its way from a batch to a case that a person must look at: screened, told apart from what is
held, looked at for a recipe (it has none, so nothing runs in the sandbox), judged, given a priority. So this measures
the queue, the flows and the store, not the sandbox. Each number of workers gets the same number of reports in batches
of ten, which wait in the queue before the workers start; the clock runs from the first finished job to the last, so
starting a process is not counted.

In the last run there are three workers and one of them is killed by SIGKILL in the middle, then started again under its
name. `lost`: reports that came to no end. `doubled`: reports in more than one case, or judged more than once.
"""

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from comity.app import Office, opened
from comity.bench import pool
from comity.clearing import flow
from comity.errors import Unavailable
from comity.formats.report import batch_of
from comity.model.case import Stage
from comity.model.ids import BatchId, ReportId
from comity.model.party import Role, Viewer
from comity.sandbox import child, server
from comity.settings import Settings
from comity.store import cases, reports

JOBS: Final = 120
TOGETHER: Final = 10
PATIENCE: Final = 600.0
BUSY: Final = frozenset({Stage.SCREENING, Stage.VALIDATING})
LAB: Final = "Bench Lab (made up)"


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md."""
    parser = argparse.ArgumentParser(prog="comity bench workers", description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS, help="reports for each number of workers")
    parser.add_argument("--database", default="", help="an empty PostgreSQL database; by default a private server")
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(args)
    with ExitStack() as held:
        address = options.database or held.enter_context(server.postgresql()).address()
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="comity-workers-"))
        return measured(address, Path(folder), jobs=options.jobs)


def table(result: Mapping[str, Any]) -> str:
    """The same figures for people."""
    lines = [f"{'workers':>8} {'jobs/s':>8} {'ratio':>7}"]
    lines += [f"{row['n']:>8} {row['jobs_per_s']:>8.2f} {row['ratio']:>7.2f}" for row in result["workers"]]
    shared = f"{result['jobs']} jobs each, {result['cores']} processor cores for workers and database together"
    lines.append(f"{shared}: where they are the limit, one more worker gains nothing")
    killed = f"one of three killed with {result['held_when_killed']} flows in hand"
    lines.append(f"{killed}: {result['lost']} lost, {result['doubled']} doubled of {result['jobs']}")
    return "\n".join(lines)


def measured(address: str, folder: Path, *, jobs: int, numbers: tuple[int, ...] = (1, 2, 3)) -> dict[str, Any]:
    """Rates for each number of workers, then one run with a kill. The database is this bench's alone."""
    settings = Settings(data=folder / "data", keys=folder / "keys", database_url=address, offline=True)
    with opened(settings, work=False, demo=True) as office:
        sender = _lab(office)
        crowd = _Crowd(settings=settings, folder=folder)
        rates = [(number, _rate(office, sender, crowd, number, jobs)) for number in numbers]
        batches = _send(office, sender, jobs, seed=99)
        with crowd.at_work(3) as workers:
            _until(office, batches, 1, crowd, workers)
            place, held = _busy(office)
            workers[place].kill()
            workers[place] = crowd.start(place + 1)
            _until(office, batches, jobs, crowd, workers)
        lost, doubled = _counted(office, batches, jobs)
    return {
        "workers": [{"n": n, "jobs_per_s": rate, "ratio": rate / rates[0][1]} for n, rate in rates],
        "held_when_killed": held,
        "jobs": jobs,
        "cores": os.cpu_count(),
        "lost": lost,
        "doubled": doubled,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crowd:
    """Starts workers that are processes of their own."""

    settings: Settings
    folder: Path

    def start(self, number: int) -> child.Child:
        """One worker, under its name."""
        held = self.settings
        names = {
            "COMITY_DATA": str(held.data),
            "COMITY_KEYS": str(held.keys),
            "COMITY_DATABASE_URL": held.database_url,
            "COMITY_OFFLINE": "yes",
        }
        arguments = ("worker", "--demo", "--name", f"worker-{number}")
        return child.start(arguments, settings=names, log=self.folder / f"worker-{number}.log")

    @contextmanager
    def at_work(self, number: int) -> Iterator[list[child.Child]]:
        """So many workers for as long as the block lasts."""
        workers = [self.start(one + 1) for one in range(number)]
        try:
            yield workers
        finally:
            for one in workers:
                one.stop()


def _lab(office: Office) -> Viewer:
    from comity.access.caller import Via, signed_in

    made = office.accounts.provide(
        name="Bench", login="bench", organisation=LAB, roles=frozenset({Role.SUBMITTER}), is_script=True
    )
    return signed_in(made, via=Via.SESSION).viewer


def _send(office: Office, sender: Viewer, jobs: int, *, seed: int) -> list[BatchId]:
    """Batches of reports that are about different things: each becomes a case of its own."""
    maker = pool.Maker(seed)
    sent = []
    for start in range(0, jobs, TOGETHER):
        documents: list[Any] = []
        for number in range(start, min(jobs, start + TOGETHER)):
            one = maker.document()
            one["own_id"] = f"workers-{seed}-{number}"
            one["target"]["affected"] = [{"purl": f"pkg:generic/workers-{seed}-{number}", "versions": ["1.0"]}]
            documents.append(one)
        sent.append(office.batches.send(sender, batch_of(documents)).id)
    return sent


def _rate(office: Office, sender: Viewer, crowd: _Crowd, number: int, jobs: int) -> float:
    batches = _send(office, sender, jobs, seed=number)
    with crowd.at_work(number) as workers:
        before = _until(office, batches, 1, crowd, workers)
        began = time.monotonic()
        after = _until(office, batches, jobs, crowd, workers)
        return (after - before) / (time.monotonic() - began)


def _busy(office: Office) -> tuple[int, int]:
    """The worker that holds most flows right now, by its place, and how many. Unavailable when none is ever busy."""
    pause = threading.Event()
    for _ in range(6000):
        at_work = Counter(one.worker for one in office.control.unfinished() if one.worker)
        if at_work:
            name, held = at_work.most_common(1)[0]
            return int(name.rpartition("-")[2]) - 1, held
        pause.wait(0.01)
    raise Unavailable("no worker was seen at work")


def _until(office: Office, batches: list[BatchId], wanted: int, crowd: _Crowd, workers: Sequence[child.Child]) -> int:
    """Wait until so many reports came to their end; how many it is then.

    Unavailable when a worker ends by itself, with the last line that it said, and after ten minutes.
    """
    pause, ends, ended = threading.Event(), time.monotonic() + PATIENCE, 0
    while time.monotonic() < ends:
        ended = sum(_ends(office, batches).values())
        if ended >= wanted:
            return ended
        for number, one in enumerate(workers, 1):
            if not one.is_alive:
                said = (crowd.folder / f"worker-{number}.log").read_text(errors="replace").strip().splitlines()
                raise Unavailable(f"worker-{number} ended by itself: {said[-1] if said else 'it said nothing'}")
        pause.wait(0.2)
    left = Counter(f"{one.flow} {one.state.value} {one.worker}".strip() for one in office.control.unfinished())
    told = ", ".join(f"{number} x {what}" for what, number in left.most_common(6)) or "no flow is unfinished"
    raise Unavailable(f"after {PATIENCE:.0f} s only {ended} of {wanted} reports came to an end: {told}")


def _ends(office: Office, batches: list[BatchId]) -> Counter[str]:
    """Reports of these batches whose case is no longer worked on."""
    ended: Counter[str] = Counter()
    with office.store.read() as tx:
        for batch in batches:
            for report in reports.ids_of(tx, batch):
                case = reports.case_of(tx, report)
                if case is not None and cases.get(tx, case, flow.FLOW).stage not in BUSY:
                    ended[report] += 1
    return ended


def _counted(office: Office, batches: list[BatchId], jobs: int) -> tuple[int, int]:
    """How many of the reports sent came to no end, and how many were taken twice."""
    ended = _ends(office, batches)
    doubled = 0
    with office.store.read() as tx:
        for report in ended:
            name = reports.case_of(tx, ReportId(report))
            assert name is not None
            case = cases.get(tx, name, flow.FLOW)
            judged = sum(validation.report == report for validation in case.validations)
            doubled += judged > 1 or case.reports.count(ReportId(report)) > 1
    return jobs - len(ended), doubled + max(0, len(ended) - jobs)
