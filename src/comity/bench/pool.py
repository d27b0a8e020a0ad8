"""Bench `pool`: what one more report costs when very many are held, and how fast a batch is stored and blocked.

A store of generated reports is filled through the product's own path (SQLite, sealed records, the index) to each size
in turn. `bulk_per_s` is the rate at which the steps of a batch's job take reports in: read, admitted, sealed, filed
under their keys, without embeddings and without a flow per report; opening cases is screening and is timed apart.
`p50_ms` and `p95_ms` are the whole answer for a new report: exact facts, candidates from the index, signals weighed.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from comity.bench import pool_copies
from comity.clearing import flow, flow_batches, flow_compare, flow_meaning
from comity.clearing.desk_batches import Batches
from comity.durable.clock import SystemClock
from comity.errors import Unavailable
from comity.formats.report import ReportDocument, batch_of
from comity.language import embed
from comity.model import ids
from comity.model.case import Case, Stage
from comity.model.handling import Handling, Tlp
from comity.model.ids import BatchId, Digest, PartyId
from comity.model.party import Organisation, Role, Viewer
from comity.model.recipe import PlannedRun, Recipe, Trial
from comity.model.report import Report
from comity.settings import Settings
from comity.store import batches, cases, engine, parties, reports
from comity.store.crypt import MasterKey

QUICK: Final = (10_000, 100_000)
FULL: Final = (10_000, 100_000, 1_000_000)
TOGETHER: Final = 2_000
"""Reports of one batch document."""
PROBES: Final = 300
EMBEDDED: Final = 64
"""Texts whose rate of embedding is measured, five times."""
MEASURED: Final = 3
"""Batch documents that the rate of bulk intake is measured over."""
SENDER: Final = Viewer(
    person=PartyId("bench"), organisation=PartyId("bench"), roles=frozenset({Role.SUBMITTER}), tlp=Tlp.RED
)
WORDS: Final = (
    "buffer", "index", "bound", "length", "copy", "parse", "header", "field", "chunk", "stream", "frame",
    "decode", "encode", "token", "node", "tree", "table", "cache", "pointer", "free", "alloc", "size", "offset",
    "read", "write", "check", "missing", "overflow", "negative", "signed", "integer", "loop", "state", "reset",
    "name", "path", "archive", "entry", "link", "request", "reply", "socket", "key", "value", "list", "string",
    "format", "date", "zone", "user", "role", "grant", "session", "cookie",
)  # fmt: skip


class NoControl:
    """Starts nothing: the bench takes the steps of the job by itself."""

    def start(self, _flow: object, key: str, *_args: object) -> str:
        """Nothing."""
        return key


class NoLaboratory:
    """Runs nothing."""

    def make(self, _recipe: Recipe, _plan: Any, _attached: Any) -> Trial:
        """Never called here."""
        raise AssertionError(PlannedRun)


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md."""
    parser = argparse.ArgumentParser(prog="comity bench pool", description=__doc__)
    parser.add_argument("--reports", type=int, default=0, help="the largest pool; default 100,000")
    parser.add_argument("--full", action="store_true", help="up to 1,000,000")
    parser.add_argument("--probes", type=int, default=PROBES)
    parser.add_argument(
        "--made", type=int, default=0, help="make so many reports and copy their rows for the rest; 0 makes all"
    )
    options = parser.parse_args(args)
    sizes = FULL if options.full else (*(n for n in FULL if n < options.reports), options.reports)
    if not options.full and not options.reports:
        sizes = QUICK
    with tempfile.TemporaryDirectory(prefix="comity-pool-") as folder:
        return measure(Path(folder), sizes, options.probes, options.made)


def table(result: dict[str, Any]) -> str:
    """The same figures for people."""
    heads = (("reports held", 14), ("p50 ms", 8), ("p95 ms", 8), ("cpu p95", 8), ("weighed", 8), ("stored/s", 9),
             ("/cpu s", 7), ("MiB", 7))  # fmt: skip
    lines = [" ".join(f"{name:>{width}}" for name, width in heads)]
    lines += [
        f"{row['reports']:>14,} {row['p50_ms']:>8.2f} {row['p95_ms']:>8.2f} {row['cpu_p95_ms']:>8.2f} "
        f"{row['weighed']:>8.1f} {row['bulk_per_s']:>9,.0f} {row['bulk_per_cpu_s']:>7,.0f} {row['mib']:>7,.0f}"
        for row in result["growth"]
    ]
    lines.append(
        f"bulk intake, stored and blocked: {result['bulk_per_s']:,.0f} reports/s (goal 1,000)"
        f", {result['bulk_per_cpu_s']:,.0f} in a second of processor time"
    )
    lines.append(
        f"a new report, p95 at {result['reports']:,}: {result['p95_ms']:.2f} ms (goal 20), "
        f"{result['cpu_p95_ms']:.2f} ms of processor time"
    )
    lines.append(f"screening (a case for each): {result['screened_per_s']:,.0f} reports/s")
    if result["embedded_per_s"] is not None:
        lines.append(f"embedded, where the host asked for it: {result['embedded_per_s']:,.0f} texts/s on one thread")
    lines.append(f"calibration: {result['calibration_ms']:.0f} ms for 200,000 SHA-256 of 64 bytes")
    return "\n".join([*lines, *(f"missing: {one}" for one in result["missing"])])


def measure(folder: Path, sizes: tuple[int, ...], probes: int, made: int = 0) -> dict[str, Any]:
    """Fill the store to each size and measure there.

    From `made` on (0: never) a step to a size is filled by copies, but for the last batches, whose rate is measured.
    """
    settings = Settings(data=folder / "data", keys=folder / "keys")
    store = engine.open(settings, MasterKey(b"bench" + bytes(27)))
    clock = SystemClock()
    machines = flow.Machines(
        store=store,
        settings=settings,
        laboratory=NoLaboratory(),
        signer=None,  # type: ignore[arg-type]  # nothing is signed here
        now=clock.now,
    )
    try:
        with store.write() as tx:
            parties.add_organisation(tx, Organisation(id=SENDER.organisation, name="bench"))
        maker = Maker(7)
        rates: list[Rate] = []
        growth = []
        held = 0
        for size in sizes:
            last = size - MEASURED * TOGETHER
            while held < size:
                if made and made <= held < last:
                    pool_copies.copy(store, last - held)
                    held = last
                number = min(TOGETHER, size - held)
                rates.append(_taken(machines, maker, number))
                held += number
            bulk = _typical(rates[-MEASURED:])
            growth.append(
                {
                    **_asked(machines, maker, held, probes, folder),
                    "bulk_per_s": bulk.wall,
                    "bulk_per_cpu_s": bulk.processor,
                }
            )
        screened = _screened(machines, maker)
    finally:
        store.close()
    embedded, missing = _embedded(maker)
    return {
        "reports": held,
        "p50_ms": growth[-1]["p50_ms"],
        "p95_ms": growth[-1]["p95_ms"],
        "cpu_p95_ms": growth[-1]["cpu_p95_ms"],
        "bulk_per_s": _typical(rates[:MEASURED]).wall,
        "bulk_per_cpu_s": _typical(rates[:MEASURED]).processor,
        "bulk_per_s_at_the_end": _typical(rates[-MEASURED:]).wall,
        "bulk_per_cpu_s_at_the_end": _typical(rates[-MEASURED:]).processor,
        "embedded_per_s": embedded,
        "screened_per_s": screened,
        "growth": growth,
        "calibration_ms": _calibration(),
        "missing": missing,
    }


class Maker:
    """Generated findings: some packages have very many reports, places repeat, a tenth says what another said."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  data for a bench, no secret
        self.number = 0

    def document(self) -> dict[str, Any]:
        """One report as its document."""
        pick = self.random
        self.number += 1
        package = min(int(pick.paretovariate(0.6)), 20_000)
        place = pick.randrange(400)
        words = " ".join(pick.choice(WORDS) for _ in range(40))
        frames = [f"f{(place * 7 + n * pick.randrange(1, 4)) % 900}_of_{package % 97}" for n in range(6)]
        return {
            "schema": "comity-report/1",
            "own_id": f"bench-{self.number}",
            "target": {
                "affected": [{"purl": f"pkg:generic/bench-{package}", "versions": [f"1.{place % 9}"]}],
                "symbols": [{"file": f"src/m{place % 60}.c", "function": f"f{place}"}],
            },
            "claim": {
                "summary": f"{pick.choice(WORDS)} {pick.choice(WORDS)} in f{place}",
                "description": words,
                "cwes": [pick.choice(["CWE-787", "CWE-125", "CWE-416", "CWE-79"])],
            },
            "evidence": {
                "crash_frames": frames,
                "crash": {"kind": "Heap-buffer-overflow READ 4", "sanitizer": "asan", "target": f"fuzz_{place % 5}"},
            },
        }


class Rate(NamedTuple):
    """Reports a second of the clock, and of processor time: the second one is what a busy machine can still show."""

    wall: float
    processor: float


def _typical(rates: Sequence[Rate]) -> Rate:
    return Rate(
        wall=statistics.median(rate.wall for rate in rates), processor=statistics.median(r.processor for r in rates)
    )


def _taken(machines: flow.Machines, maker: Maker, number: int) -> Rate:
    """How fast the job's steps take one batch in; its reports get a case each, untimed."""
    data = batch_of([maker.document() for _ in range(number)])
    desk = Batches(machines=machines, control=NoControl())  # type: ignore[arg-type]  # starts nothing
    started, worked = time.monotonic(), time.process_time()
    batch = take_in(desk, SENDER, data)
    rate = Rate(wall=number / (time.monotonic() - started), processor=number / (time.process_time() - worked))
    with machines.store.write() as tx:
        cases.add_all(tx, [_case(name) for name in batches.reports_of(tx, batch)])
    return rate


def take_in(desk: Batches, sender: Viewer, data: bytes) -> BatchId:
    """Take one batch in by the steps of its own job, here and now instead of in a flow."""
    batch = desk.send(sender, data)
    plan = flow_batches.survey(desk.machines, batch.id)
    place: Any = [0, 0, 0, 0]
    turn = 0
    while place is not None:
        place = flow_batches.take(desk.machines, batch.id, plan, place, turn)
        turn += 1
    return batch.id


def _case(report: Any) -> Case:
    return Case(
        id=ids.CaseId(report.replace("R-", "C-")),
        stage=Stage.NEEDS_INFO,
        title="bench",
        handling=Handling(tlp=Tlp.AMBER_STRICT),
        opened_at=SystemClock().now(),
        reports=(report,),
    )


def _asked(machines: flow.Machines, maker: Maker, held: int, probes: int, folder: Path) -> dict[str, Any]:
    """What a new report costs now."""
    codec = ReportDocument()
    times, worked, weighed = [], [], []
    for number in range(probes + 5):
        (finding,) = codec.read_document(maker.document()).findings
        report = Report(
            id=ids.ReportId(f"R-PROBE-{number}"),
            finding=finding,
            submitter=SENDER.person,
            organisation=SENDER.organisation,
            batch=BatchId("B-PROBE"),
            received_at=machines.now(),
            format=codec.name,
            document=Digest("0" * 64),
            receipt=ids.Receipt("SUB-PROBE"),
        )
        with machines.store.read() as tx:
            started, spent = time.perf_counter(), time.process_time()
            _, seen = flow_compare.compared(tx, report, None, ())
            times.append((time.perf_counter() - started) * 1000)
            worked.append((time.process_time() - spent) * 1000)
        weighed.append(len(seen))
    times, worked = sorted(times[5:]), sorted(worked[5:])
    size = sum(path.stat().st_size for path in (folder / "data").glob("comity.db*"))
    return {
        "reports": held,
        "p50_ms": statistics.median(times),
        "p95_ms": times[int(0.95 * len(times)) - 1],
        "cpu_p95_ms": worked[int(0.95 * len(worked)) - 1],
        "weighed": statistics.mean(weighed),
        "mib": size / 1024 / 1024,
    }


def _screened(machines: flow.Machines, maker: Maker) -> float:
    """Reports a second through deconfliction with a case or a join for each, as the job's later steps do it."""
    data = batch_of([maker.document() for _ in range(200)])
    desk = Batches(machines=replace(machines), control=NoControl())  # type: ignore[arg-type]  # starts nothing
    batch = desk.send(SENDER, data)
    plan = flow_batches.survey(machines, batch.id)
    flow_batches.take(machines, batch.id, plan, [0, 0, 0, 0], 0)
    with machines.store.read() as tx:
        names = list(batches.reports_of(tx, batch.id))
        assert all(reports.case_of(tx, name) is None for name in names)
    started = time.monotonic()
    for start in range(0, len(names), flow.CHUNK):
        flow.screen(machines, names[start : start + flow.CHUNK])
    return len(names) / (time.monotonic() - started)


def _embedded(maker: Maker) -> tuple[float | None, list[str]]:
    """Texts of reports that this machine embeds in a second: only candidates are, and only where the host asked."""
    codec = ReportDocument()
    findings = [codec.read_document(maker.document()).findings[0] for _ in range(EMBEDDED)]
    texts = [flow_meaning.text_of(finding) for finding in findings]
    try:
        embed.vectors(texts[:1])
    except Unavailable as error:
        return None, [f"embeddings: {error}"]
    rates = []
    for _ in range(5):
        started = time.monotonic()
        embed.vectors(texts)
        rates.append(len(texts) / (time.monotonic() - started))
    return statistics.median(rates), []


def _calibration() -> float:
    """Milliseconds for a fixed amount of hashing on this machine, now."""
    started = time.perf_counter()
    for number in range(200_000):
        ids.digest(b"%064d" % number)
    return (time.perf_counter() - started) * 1000
