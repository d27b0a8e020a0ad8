"""An erased case leaves a fact and no content: not in a row, not in a file, not in what the engine keeps."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import String, cast, func, select

from comity.clearing import flow, flow_cve
from comity.clearing.desk_coordination import Said
from comity.clearing.desk_cve import CveDesk, Deed
from comity.clearing.desk_erase import Erasures, ErasureState
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.model.case import Closing
from comity.model.coordination import Part
from comity.model.federation import Delivery, Taken
from comity.model.handling import Tlp
from comity.model.ids import CaseId, ReportId, digest
from comity.model.party import Role
from comity.model.patch import Origin, Patch
from comity.model.sharing import KeptField
from comity.model.standing import Appeal, Asked, Fact
from comity.partners.cve_services import CveServices
from comity.sealing import keys
from comity.store import (
    blobs,
    cases,
    crypt,
    cve_services,
    journal,
    partners,
    patches,
    reports,
    shares,
    standing,
    tables,
)
from tests.coordinate.hosts import ADA, FINDER, GRACE, Host, Still, finding, host, person
from tests.cve.services import KEY, ORG, USER, Fake
from tests.mail.conftest import SENDER

ROOT = person("root", "cert", Role.ADMIN)
WHY = "asked for by the finder"
WORD = "zebrawood"
"""Stands in every text of the case that goes, and in none of the one that stays."""


@dataclass(slots=True)
class Sealing:
    """Everything that was sealed in this test: which plain bytes became which bytes at rest."""

    made: list[tuple[bytes, bytes]] = field(default_factory=list)

    def telling(self, word: str) -> list[bytes]:
        """The sealed bytes of whatever holds the word, and of the data keys under which it was sealed."""
        bodies = [sealed for plain, sealed in self.made if word.encode() in plain]
        wrapped = []
        for place, (plain, sealed) in enumerate(self.made):
            # `seal` wraps the data key first and seals the body next, so a body's key is the entry before it
            if len(plain) == crypt.KEY_BYTES and place + 1 < len(self.made) and self.made[place + 1][1] in bodies:
                wrapped.append(sealed)
        return bodies + wrapped


@pytest.fixture
def sealing(monkeypatch: pytest.MonkeyPatch) -> Sealing:
    """Watches every sealing."""
    watched, encrypt = Sealing(), crypt.encrypt

    def noted(key: bytes, place: str, plain: bytes) -> bytes:
        sealed = encrypt(key, place, plain)
        watched.made.append((plain, sealed))
        return sealed

    monkeypatch.setattr(crypt, "encrypt", noted)
    return watched


@pytest.fixture
def comity(sealing: Sealing, tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path, mail_from=SENDER) as running:
        yield running


def desk(comity: Host) -> Erasures:
    """The counter, without a worker."""
    return Erasures(machines=comity.machines)


def fill(comity: Host, word: str) -> tuple[CaseId, ReportId]:
    """A closed case with everything that a case can have, the word in each text."""
    office, machines = comity.office, comity.machines
    own = finding(aliases=(), description=f"A {word} in the loader, ada@{word}.example.")
    own = replace(own, summary=f"A {word} is built by the loader of part {secrets.token_hex(3)}")
    case = comity.case_of(own)
    seat = comity.desk.read_in(
        ADA, case, name="Vendor", part=Part.MAINTAINER, why="owns it", contact=f"v@{word}.example"
    )
    comity.desk.say(
        ADA, case, text=f"Is the {word} yours?", readers=[seat], files=[Said(name="a.txt", data=word.encode())]
    )
    flow.order(machines, case, "the test")
    office.priorities.answer(ADA, case, "exploitation", "none", note=f"no {word} seen")
    numbering(comity, case, word)
    with machines.store.write() as tx:
        held = cases.get(tx, case, flow.FLOW)
        (report,) = held.reports
        at = comity.clock.now()
        kept = KeptField(field="details", kind="address", text=f"ada@{word}.example", reason=word, by=ADA.person, at=at)
        shares.keep(tx, case, kept)
        patch(tx, case, report, word, at)
        fact = Fact(
            report=report, organisation=FINDER.organisation, tool=word, valid=True, duplicate=None, overstated=None
        )
        standing.keep(tx, fact)
        appeal = Appeal(
            id=f"L-{word}", report=report, organisation=FINDER.organisation, asked=Asked.VALID, text=word, by="x", at=at
        )
        standing.appeal(tx, appeal)
        receipt = reports.get(tx, report, flow.FLOW).receipt
        taken = Taken(
            mark=digest(word.encode()),
            partner="P-1",
            partner_name="B",
            at=at,
            letter=f"a letter about {word}".encode(),
            receipts=(receipt,),
            receipt=b"their receipt",
        )
        partners.take(tx, taken, [f"a statement about {word}".encode()])
    hand(comity, case, word)
    comity.clearing.close(ADA, case, Closing.OUT_OF_SCOPE)
    return case, report


def patch(tx: Any, case: CaseId, report: ReportId, word: str, at: Any) -> None:
    """A patch with its diff."""
    made = Patch(
        id=f"T-{word}",
        case=case,
        report=report,
        origin=Origin.PERSON,
        offered_by=ADA.person,
        offered_name="Ada",
        offered_at=at,
        recipe=digest(b"recipe"),
        seed=1,
        diff=digest(f"+{word}".encode()),
        claim=word,
        is_settled=True,
    )
    blobs.put(tx, f"+{word}".encode(), record=patches.record(made.id))
    patches.add(tx, made)


def numbering(comity: Host, case: CaseId, word: str) -> None:
    """An id that was reserved and rejected, with a reason."""
    services = CveServices(loopback=True, transport=httpx.MockTransport(Fake()))
    counter = CveDesk(machines=flow_cve.Machines(desk=comity.machines, services=services), control=Still())
    counter.enter(ROOT, org=ORG, user=USER, key=KEY, environment="http://localhost/api")
    for deed, reason in ((Deed.RESERVE, ""), (Deed.REJECT, f"no {word} at all")):
        run = counter.dry_run(ADA, case, deed, reason=reason)
        made = counter.propose(ADA, case, deed, seen=run.digest, reason=reason)
        if deed is Deed.RESERVE:
            flow_cve.settle(counter.machines, made, f"CVE-2026-{len(word) + 70000}", actor=ADA.person)
        else:
            counter.withdraw(ADA, made.id)


def hand(comity: Host, case: CaseId, word: str) -> None:
    """A hand-over that the partner refused."""
    office = comity.office
    other = keys.load_or_make(office.settings.keys / f"{word}.pem").public.export()
    counter = replace(office.hand_overs, control=Still(), clearing=comity.clearing)
    partner = counter.add(ROOT, name=f"Host {secrets.token_hex(3)}", address="https://b.example", key=other)
    made = counter.hand_over(
        ADA,
        case,
        partner=partner.id,
        basis="consent",
        why=f"the {word} is theirs",
        keep={f"ada@{word}.example": "public"},
    )
    with comity.machines.store.write() as tx:
        partners.move(tx, replace(made, state=Delivery.REFUSED))


def at_rest(comity: Host) -> bytes:
    """Every byte of the store: database, side files, blobs."""
    files = [path for path in sorted(comity.office.settings.data.rglob("*")) if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


def lies_in(data: bytes, sealed: bytes) -> bool:
    """Whether any piece of it is there: an engine cuts what is long into pages."""
    return any(sealed[start : start + 40] in data for start in range(0, len(sealed), 400))


def erased(comity: Host, case: CaseId) -> None:
    """Asked by one, agreed by another."""
    held = desk(comity).ask(ADA, case, why=WHY)
    desk(comity).agree(GRACE, held.id)


def test_no_sealed_byte_and_no_key_of_an_erased_case_is_left_in_the_store(comity: Host, sealing: Sealing) -> None:
    case, report = fill(comity, WORD)
    other, its_report = fill(comity, "quartz")
    comity.office.store.scour()
    data = at_rest(comity)
    gone, kept = sealing.telling(WORD), sealing.telling("quartz")
    assert sum(lies_in(data, one) for one in gone) > 20, "the case is there before"
    there = [one for one in kept if lies_in(data, one)]
    erased(comity, case)
    data = at_rest(comity)
    left = [plain for plain, sealed in sealing.made if sealed in gone and lies_in(data, sealed)]
    assert not left, [plain[:80] for plain in left]
    assert len(there) > 20
    assert all(lies_in(data, one) for one in there), "the other case is untouched"
    with pytest.raises(Missing):
        comity.clearing.case(ADA, case)
    with pytest.raises(Missing):
        comity.clearing.report(FINDER, report)
    assert comity.clearing.case(ADA, other).case.reports == (its_report,)


def test_rows_that_still_name_an_erased_case_hold_no_content(comity: Host) -> None:
    case, report = fill(comity, WORD)
    erased(comity, case)
    naming = set()
    with comity.machines.store.read() as tx:
        for table in tables.metadata.sorted_tables:
            for column in table.columns:
                here = select(func.count()).select_from(table).where(cast(column, String).in_([case, report]))
                if isinstance(column.type, String) and tx.connection.execute(here).scalar_one():
                    naming.add(table.name)
    facts = {"cases", "reports", "case_reports", "journal_subjects", "accesses", "case_erasures", "cve_requests"}
    assert naming <= facts | {"capacity_queue", "case_decisions", "case_answers", "blind_seen"}
    with comity.machines.store.read() as tx:
        assert not cve_services.of(tx, case, flow.FLOW)
        for table in ("cases", "reports", "case_decisions", "case_answers", "cve_requests"):
            found = tables.metadata.tables[table]
            rows = tx.connection.execute(select(found.c.wrapped, found.c.sealed)).all()
            assert rows
            assert all(one.wrapped is None and one.sealed is None for one in rows), table


def test_one_person_alone_erases_nothing_and_the_journal_keeps_who_and_not_what(comity: Host) -> None:
    case, _report = fill(comity, WORD)
    held = desk(comity).ask(ADA, case, why=WHY)
    with pytest.raises(Conflict, match="another person"):
        desk(comity).agree(ADA, held.id)
    with pytest.raises(Conflict, match="already"):
        desk(comity).ask(GRACE, case, why=WHY)
    assert comity.clearing.case(ADA, case)
    done = desk(comity).agree(GRACE, held.id)
    assert (done.state, done.asked_by_name, done.ended_by_name, done.reports) == (ErasureState.DONE, "Ada", "Grace", 1)
    assert desk(comity).listed(ADA) == (done,)
    with pytest.raises(Conflict, match="done"):
        desk(comity).agree(GRACE, held.id)
    with comity.machines.store.read() as tx:
        entries = journal.about(tx, case)
    told = [(str(e.event.kind), e.event.actor) for e in entries][-2:]
    assert told == [("case.erasure-asked", "ada"), ("case.erased", "grace")]
    assert WORD not in repr(entries)
    assert WHY not in repr(entries)


def test_its_submitter_reads_that_it_was_erased(comity: Host) -> None:
    case, report = fill(comity, WORD)
    erased(comity, case)
    with comity.machines.store.read() as tx:
        looks = [one for one in shares.looks(tx, FINDER.organisation) if one.subject == report]
    assert [one.person for one in looks if "erased" in one.what] == [GRACE.person]


def test_what_is_open_or_on_its_way_is_not_erased(comity: Host) -> None:
    case = comity.case_of(finding(aliases=()))
    with pytest.raises(Conflict, match="close it first"):
        desk(comity).ask(ADA, case, why=WHY)
    case, report = fill(comity, WORD)
    held = desk(comity).ask(ADA, case, why=WHY)
    with comity.machines.store.write() as tx:
        (out,) = partners.sent(tx, flow.FLOW, case=case)
        partners.move(tx, replace(out, state=Delivery.WAITING))
    with pytest.raises(Conflict, match="partner"):
        desk(comity).agree(GRACE, held.id)
    with comity.machines.store.write() as tx:
        partners.move(tx, replace(out, state=Delivery.TAKEN))
    with comity.machines.store.write() as tx:
        (one,) = patches.of(tx, case, flow.FLOW)
        patches.save(tx, replace(one, is_settled=False))
    with pytest.raises(Conflict, match="patch"):
        desk(comity).agree(GRACE, held.id)
    gone = desk(comity).withdraw(ADA, held.id)
    assert gone.state is ErasureState.WITHDRAWN
    assert comity.clearing.report(FINDER, report)


def test_only_those_who_see_the_case_may_and_a_reason_is_needed(comity: Host) -> None:
    case, _report = fill(comity, WORD)
    with pytest.raises(Invalid):
        desk(comity).ask(ADA, case, why=" \n")
    for viewer in (FINDER, ROOT):
        with pytest.raises(Forbidden):
            desk(comity).ask(viewer, case, why=WHY)
    limited = replace(GRACE, tlp=Tlp.GREEN)
    with pytest.raises(Missing):
        desk(comity).ask(limited, case, why=WHY)
    held = desk(comity).ask(ADA, case, why=WHY)
    for call in (desk(comity).agree, desk(comity).withdraw):
        with pytest.raises(Missing):
            call(limited, held.id)
    assert not desk(comity).listed(limited)
    with pytest.raises(Forbidden, match="a person must"):
        desk(comity).agree(replace(GRACE, is_script=True), held.id)
