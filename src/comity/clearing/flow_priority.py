"""Give a case its priority and keep what it was given from, so that any day's answer can be told and computed again.

(1) the signals are gathered: mirrors, finders, validation, coordinators' answers, counts of the defender's desk
(2) the pure step judges them with the tables that ship now
(3) case, decision, the tables' files and the journal entry are kept in one transaction
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

from comity.clearing import flow_signals, prioritise, ssvc
from comity.clearing.ssvc import Sheet
from comity.errors import Missing
from comity.formats import pack
from comity.model import ids
from comity.model.case import Case, Stage
from comity.model.decided import Decided, Difference, MirrorState
from comity.model.evidence import Signal
from comity.model.ids import CaseId
from comity.model.report import Finding
from comity.store import decisions, upstream
from comity.store.engine import Tx


@cache
def shipped() -> Mapping[str, tuple[Sheet, bytes]]:
    """The tables that ship, each with its file."""
    found = {}
    for id_ in ssvc.ASKED:
        body = pack.shipped(f"tables/{pack.TABLES[id_]}")
        found[id_] = (_sheet(body), body)
    return found


def _sheet(body: bytes) -> Sheet:
    table = pack.read_table(body)
    return Sheet(table=table, digest=ids.digest(body), outcome=pack.outcome_standard(body))


def names_of(findings: Iterable[Finding]) -> list[str]:
    """The CVE ids that the finders give."""
    return sorted({alias.upper() for f in findings for alias in f.aliases if alias.upper().startswith("CVE-")})


def gathered(tx: Tx, case: Case, findings: Sequence[Finding], at: datetime) -> tuple[Signal, ...]:
    """(1) Every signal about the case as things stand."""
    names = names_of(findings)
    return (
        *flow_signals.upstream_says(tx, names),
        *flow_signals.rated(tuple(findings), at),
        *prioritise.stated(findings, source="the reports of this case", at=at),
        *flow_signals.seen_here(case),
        *flow_signals.answered(tx, case),
        *flow_signals.reached(tx, names),
    )


def decide(tx: Tx, case: Case, findings: Sequence[Finding], *, because: str, at: datetime) -> Decided:
    """(2) and (3) without the case and its entry: the caller saves them in the same transaction.

    An answer equal to the last one is not kept twice: then the last one is given back.
    """
    needs_person = case.stage is Stage.NEEDS_INFO
    sheets = {id_: sheet for id_, (sheet, _) in shipped().items()}
    signals = gathered(tx, case, findings, at)
    priority = prioritise.judge(signals, sheets=sheets, needs_person=needs_person, at=at)
    tables = tuple((id_, decisions.keep_table(tx, body)) for id_, (_, body) in shipped().items())
    fresh = Decided(
        case=case.id,
        sequence=decisions.following(tx, case.id),
        at=at,
        because=because[:200],
        priority=priority,
        tables=tables,
        mirrors=tuple(
            MirrorState(source=m.source, as_of=m.as_of, fetched_at=m.fetched_at, digest=m.digest)
            for m in upstream.all_mirrors(tx)
            if m.source in {source for source, _, _ in flow_signals.ANSWERS}
        ),
        needs_person=needs_person,
    )
    held = decisions.newest(tx, case.id)
    if held is not None and _alike(held, fresh):
        return held
    decisions.add(tx, fresh)
    return fresh


def _alike(held: Decided, fresh: Decided) -> bool:
    same = (held.tables, held.mirrors, held.needs_person) == (fresh.tables, fresh.mirrors, fresh.needs_person)
    return same and not prioritise.changes(held.priority, fresh.priority)


def replayed(tx: Tx, held: Decided) -> tuple[Difference, ...]:
    """Compute a kept decision again with the tables that were kept with it. Empty: the same answer."""
    return prioritise.again(held, sheets_of(tx, held))


def sheets_of(tx: Tx, held: Decided) -> Mapping[str, Sheet]:
    """The tables as they were when this was decided."""
    return {id_: _sheet(decisions.table(tx, name)) for id_, name in held.tables}


def on(tx: Tx, case: CaseId, until: datetime) -> Decided:
    """The decision in force at a moment. Missing when the case had none then."""
    held = decisions.newest(tx, case, until=until)
    if held is None:
        raise Missing(f"case {case} had no priority by {until:%Y-%m-%d %H:%M} UTC")
    return held
