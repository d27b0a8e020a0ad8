"""The blind check: who holds a finding learns whether it is known; the host learns nothing, nor does guessing."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from comity.clearing import blind as rules
from comity.clearing import flow_blind, flow_canaries
from comity.clearing.desk import Document
from comity.clearing.desk_blind import Asked, Blind, area_of, overlap_of, prints_of
from comity.clearing.desk_canaries import Canaries
from comity.clearing.desk_claims import Authorisation, Claims, Wish
from comity.errors import Conflict, Forbidden, Invalid, Missing, Tampered
from comity.formats.report import ReportDocument
from comity.model.blind import Label, Level, Part, Print, Prior, Question, Standing
from comity.model.case import Stage
from comity.model.evidence import Attachment, Role
from comity.model.ids import PartyId, digest
from comity.model.product import Affected, Symbol
from comity.model.report import Finding
from comity.sealing import asker
from comity.sealing import blind as seals
from comity.sealing.oprf import Key
from comity.settings import Settings
from comity.store import blind, cases, reports, tables
from tests.clearing import hosts
from tests.clearing.hosts import LAB, RIVAL, Host

FINDING = Finding(
    summary="A length field is trusted",
    affected=(Affected(purl="pkg:generic/widget@1.0"),),
    symbols=(Symbol(file="src/read.c", function="read_block"),),
    cwes=("CWE-787",),
    introduced_commits=("0123456789abcdef0123456789abcdef01234567",),
    crash_frames=("read_block", "read_file", "main_loop"),
)
OTHER = replace(FINDING, summary="Another one", introduced_commits=("f" * 40,), crash_frames=(), cwes=("CWE-125",))
PATCH = b"""--- a/src/read.c
+++ b/src/read.c
@@ -10,3 +10,4 @@ int read_block(void)
 {
-    copy(n);
+    if (n > room) return -1;
+    copy(n);
 }
"""


def question(id_: str, standing: Standing, parts: tuple[Part, ...]) -> Question:
    at = datetime(2026, 11, 25, tzinfo=UTC)
    return Question(
        id=id_, organisation=RIVAL.organisation, person=RIVAL.person, epoch=1, document=digest(b"d"), parts=parts,
        asked_at=at, opens_by=at, standing=standing,
    )  # fmt: skip


def document(finding: Finding) -> bytes:
    return ReportDocument().write(finding, {})


@dataclass(slots=True)
class Site:
    """A host with its blind counter, and an asker that keeps what crossed the line."""

    host: Host
    blind: Blind
    crossed: list[str]

    def file(self, finding: Finding, viewer=LAB) -> str:
        """A report that is held here, in a case."""
        (answer,) = self.host.desk.submit(viewer, [Document(name="r.json", data=document(finding))])
        with self.host.machines.store.read() as tx:
            (batch,) = reports.unscreened(tx)
        from comity.clearing import flow

        for report in flow.reports_of(self.host.machines, batch):
            flow.screen(self.host.machines, [report])
        return answer.report

    def stand(self, *stages: Stage) -> None:
        """What was filed last gets a case, and the case goes this way."""
        from comity.clearing import flow

        with self.host.machines.store.read() as tx:
            waiting = reports.unscreened(tx)
        for batch in waiting:
            for report in flow.reports_of(self.host.machines, batch):
                flow.screen(self.host.machines, [report])
                with self.host.machines.store.write() as tx:
                    case_id = reports.case_of(tx, report)
                    assert case_id is not None
                    case = cases.get(tx, case_id, flow.FLOW)
                    for stage in stages:
                        case = case if case.stage is stage else case.moved(stage)
                    cases.save(tx, case)

    def ask(self, finding: Finding, viewer=RIVAL) -> tuple[asker.Sheet, Any]:
        sheet = asker.prepare(document(finding), prints_of(document(finding)))
        body = self._sent(asker.sent(sheet))
        parts = self.parts(body)
        held = self.blind.ask(viewer, document=body["document"], parts=parts)
        self._sent({"evaluated": [e.hex() for e in held.evaluated], "proof": held.proof.hex()})
        return msgspec.structs.replace(sheet, question=held.question.id), held

    def look(self, finding: Finding, viewer=RIVAL) -> dict[Level, Label | None]:
        sheet, held = self.ask(finding, viewer)
        found = asker.wanted(
            sheet,
            evaluated=held.evaluated,
            proof=held.proof,
            public=held.public,
            bits={level.name.lower(): bits for level, bits in held.bits.items()},
        )
        seen = {}
        for one in found:
            entries = self.blind.shelf(viewer, sheet.question, one.level.name.lower(), one.bucket)
            self._sent([entry.hex() for entry in entries])
            seen[one.level] = asker.matched(one, entries)
        return seen

    def open(self, sheet: asker.Sheet, finding: Finding, viewer=RIVAL, **changed: Any) -> Any:
        body = asker.opening(sheet, document(finding)) | changed
        raw = base64.b64decode
        return self.blind.open(
            viewer,
            sheet.question,
            document=raw(str(body["document"])),
            salts=[raw(one) for one in body["salts"]],
            blinds=[raw(one) for one in body["blinds"]],
        )

    def parts(self, body: Any) -> list[Asked]:
        return [
            Asked(level=p["level"], commitment=p["commitment"], element=base64.b64decode(p["element"]))
            for p in body["parts"]
        ]

    def _sent(self, body: Any) -> Any:
        self.crossed.append(json.dumps(body))
        return body


@contextmanager
def site(folder: Path, **settings: Any) -> Iterator[Site]:
    held = Settings(data=folder / "data", keys=folder / "keys", **settings)
    with hosts.host(folder, settings=held, run=False) as host:
        blind_check = Blind(machines=host.machines, control=NoEngine(), clearing=host.desk)  # type: ignore[arg-type]
        yield Site(host, blind_check, [])


class NoEngine:
    """Stands in for the engine's control: epochs are turned by the calls themselves."""

    def start(self, *_call: str) -> None:
        """Nothing runs beside the test."""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


def test_who_holds_a_known_finding_learns_so_at_every_level(held):
    held.file(FINDING)
    known = Label(prior=Prior.ONE, is_published=False)
    assert held.look(FINDING) == {Level.ORIGIN: known, Level.PLACE: known, Level.CRASH: known}


def test_an_unknown_finding_matches_nothing(held):
    held.file(FINDING)
    assert set(held.look(OTHER).values()) == {None}


def test_a_shelf_that_turns_up_outside_names_the_member_it_was_given_to_and_nobody_else(held):
    held.file(FINDING, replace(LAB, organisation=PartyId("third")))
    given_to = {}
    for viewer in (LAB, RIVAL):
        sheet, _ = held.ask(FINDING, viewer)
        given_to[viewer.organisation] = held.blind.shelf(viewer, sheet.question, "place", 0)
    ours, theirs = (set(given_to[one.organisation]) for one in (LAB, RIVAL))
    assert len(ours) == len(theirs) == rules.LEAST_SHELF
    assert len(ours - theirs) == len(theirs - ours) == flow_canaries.MARKED
    desk = Canaries(machines=held.host.machines)
    for outside in (
        b"\n".join(base64.b64encode(one) for one in theirs),
        json.dumps([e.hex() for e in theirs]).encode(),
    ):
        (shelf,) = desk.look(hosts.coordinator("ada"), outside).shelves
        assert (shelf.organisation, shelf.entries) == ("rival", flow_canaries.MARKED)
    assert desk.look(hosts.coordinator("ada"), b"\n".join(base64.b64encode(one) for one in ours & theirs)).shelves == ()


def test_a_shelf_that_is_asked_for_twice_is_the_same_so_that_no_entry_stands_out(held):
    held.file(FINDING)
    sheet, _ = held.ask(FINDING)
    assert held.blind.shelf(RIVAL, sheet.question, "place", 0) == held.blind.shelf(RIVAL, sheet.question, "place", 0)


def test_one_shared_level_matches_there_alone(held):
    held.file(FINDING)
    found = held.look(replace(FINDING, introduced_commits=("a" * 40,), crash_frames=()))
    assert found[Level.ORIGIN] is None
    assert found[Level.PLACE] is not None


def test_ones_own_reports_are_not_others(held):
    held.file(FINDING, LAB)
    assert set(held.look(FINDING, LAB).values()) == {None}


def test_a_hit_and_a_miss_look_alike_on_the_line(held):
    held.file(FINDING)
    held.look(FINDING)
    hit = [len(one) for one in held.crossed]
    held.crossed.clear()
    held.look(replace(FINDING, introduced_commits=("b" * 40,), cwes=("CWE-120",), crash_frames=("a", "b", "c")))
    assert [len(one) for one in held.crossed] == hit


def test_nothing_of_the_finding_crosses_the_line_or_enters_the_journal(held):
    held.file(FINDING)
    held.look(FINDING)
    with held.host.machines.store.read() as tx:
        written = " ".join(tx.connection.execute(select(tables.journal.c.body)).scalars())
    for secret in ("read.c", "read_block", "CWE-787", "0123456789abcdef", "widget"):
        assert secret not in " ".join(held.crossed)
        assert secret not in written


def test_without_a_commitment_nothing_is_evaluated(held):
    element = Key.fresh().answer([asker.oprf.Question.about(b"x").element]).evaluated[0]
    with pytest.raises(Invalid) as caught:
        held.blind.ask(RIVAL, document="", parts=[Asked(level="origin", commitment="", element=element)])
    assert {p.pointer for p in caught.value.problems} == {"/document", "/parts/0/commitment"}
    with pytest.raises(Invalid):
        held.blind.ask(RIVAL, document="0" * 64, parts=[])


def test_a_commitment_is_answered_once(held):
    sheet, _ = held.ask(FINDING)
    body = asker.sent(sheet)
    parts = held.parts(body)
    with pytest.raises(Conflict, match="answered before"):
        held.blind.ask(RIVAL, document=str(body["document"]), parts=parts)


def test_a_level_that_was_not_committed_to_is_not_shown(held):
    held.file(FINDING)
    sheet, _ = held.ask(replace(FINDING, crash_frames=(), cwes=()))
    with pytest.raises(Missing):
        held.blind.shelf(RIVAL, sheet.question, "crash", 0)


def test_a_question_is_hidden_from_every_other_organisation(held):
    sheet, _ = held.ask(FINDING)
    with pytest.raises(Missing):
        held.blind.shelf(LAB, sheet.question, "origin", 0)
    with pytest.raises(Missing):
        held.blind.withdraw(LAB, sheet.question)


def test_guessing_beside_a_shelf_learns_nothing(held):
    """Whoever has a shelf but was not evaluated on the guess cannot tell whether the guess lies on it."""
    held.file(FINDING)
    sheet, _ = held.ask(OTHER)
    shelf = held.blind.shelf(RIVAL, sheet.question, "place", 0)
    (guess,) = [one for one in prints_of(document(FINDING)) if one.level is Level.PLACE]
    assert seals.found(Key.fresh().tag(guess.secret_input), shelf) is None
    with held.host.machines.store.read() as tx:
        right = Key(secret=blind.secret(tx, 1))
    assert seals.found(right.tag(guess.secret_input), shelf) is not None  # so only the key stands between


def test_a_tag_of_a_past_epoch_never_matches_and_its_key_is_gone(held):
    held.file(FINDING)
    sheet, first = held.ask(FINDING)
    old = asker.wanted(
        sheet, evaluated=first.evaluated, proof=first.proof, public=first.public,
        bits={level.name.lower(): bits for level, bits in first.bits.items()},
    )  # fmt: skip
    held.host.clock.jump_to(held.host.clock.now() + timedelta(days=31))
    assert held.look(FINDING)[Level.ORIGIN] is not None
    newer, _ = held.ask(FINDING)
    shelf = held.blind.shelf(RIVAL, newer.question, "origin", 0)
    assert all(asker.matched(one, shelf) is None for one in old)
    with held.host.machines.store.read() as tx, pytest.raises(Missing, match="destroyed"):
        blind.secret(tx, 1)


def test_the_meter_ends_at_its_quota_and_gives_back_when_what_was_filed_proves_real(tmp_path):
    with site(tmp_path, blind_quota=2) as held:
        sheet, _ = held.ask(FINDING)
        held.ask(OTHER)
        with pytest.raises(Forbidden, match="used up"):
            held.ask(replace(FINDING, cwes=("CWE-20",)))
        held.open(sheet, FINDING)
        with pytest.raises(Forbidden, match="used up"):
            held.ask(replace(FINDING, cwes=("CWE-20",)))
        held.stand(Stage.VALIDATING, Stage.VALID)
        held.ask(replace(FINDING, cwes=("CWE-20",)))


def test_a_guesser_who_files_whatever_it_asked_is_stopped_at_the_quota(tmp_path):
    """Opening is honest here, the findings are invented: before, every one of them gave its cost back."""
    with site(tmp_path, blind_quota=3) as held:
        held.file(FINDING)
        for number in range(3):
            guess = replace(OTHER, symbols=(Symbol(file="src/read.c", function=f"guess_{number}"),))
            sheet, _ = held.ask(guess)
            held.open(sheet, guess)
        with pytest.raises(Forbidden, match="used up"):
            held.ask(replace(OTHER, symbols=(Symbol(file="src/read.c", function="read_block"),)))


def test_a_report_that_lists_many_places_is_as_many_guesses(tmp_path):
    with site(tmp_path, blind_quota=4) as held:
        many = replace(OTHER, symbols=tuple(Symbol(file="src/read.c", function=f"f{n}") for n in range(5)))
        with pytest.raises(Forbidden, match="used up"):
            held.ask(many)
        held.ask(replace(many, symbols=many.symbols[:4]))
        assert held.blind.terms(RIVAL).left == 0


def test_what_did_not_reproduce_costs_more_than_what_waits(held):
    sheet, _ = held.ask(FINDING)
    held.open(sheet, FINDING)
    assert held.blind.terms(RIVAL).left == 19
    held.stand(Stage.VALIDATING, Stage.NOT_REPRODUCED)
    assert held.blind.terms(RIVAL).left == 20 - rules.UNPROVEN


@given(st.lists(st.sampled_from(list(Standing)), max_size=30), st.lists(st.sampled_from(list(Stage)), max_size=30))
def test_nothing_but_a_proven_report_gives_back(standings, stages):
    part = Part(level=Level.PLACE, commitment=digest(b"c"), element=bytes(32))
    held = [question(f"Q-{n}", standing, (part,)) for n, standing in enumerate(standings)]
    fates = {f"Q-{n}": stage for n, stage in enumerate(stages)}
    free = sum(q.standing is Standing.FILED and fates.get(q.id) in rules.PROVEN for q in held)
    assert rules.spent(held, fates) >= len(held) - free
    assert rules.spent(held, {}) >= len(held)


def test_an_opening_files_the_report_and_its_question_is_done(held):
    sheet, _ = held.ask(FINDING)
    taken = held.open(sheet, FINDING)
    assert taken.report.startswith("R-")
    assert [q.standing for q in held.blind.terms(RIVAL).questions] == [Standing.FILED]
    with pytest.raises(Conflict, match="not open any more"):
        held.open(sheet, FINDING)


@pytest.mark.parametrize("part", ["salts", "blinds"])
def test_an_opening_that_is_not_what_was_asked_counts_as_false(held, part):
    sheet, _ = held.ask(FINDING)
    body = asker.opening(sheet, document(FINDING))
    with pytest.raises(Conflict, match="counts as false"):
        held.open(sheet, FINDING, **{part: list(reversed(body[part]))})
    terms = held.blind.terms(RIVAL)
    assert [q.standing for q in terms.questions] == [Standing.FALSE]
    assert terms.left == 20 - rules.COST[Standing.FALSE]


def test_another_report_than_the_committed_one_does_not_open_a_question(held):
    sheet, _ = held.ask(FINDING)
    with pytest.raises(Invalid, match="not the report"):
        asker.opening(sheet, document(OTHER))
    other = base64.b64encode(document(OTHER)).decode()
    with pytest.raises(Conflict, match="counts as false"):
        held.open(sheet, FINDING, document=other)


def test_a_question_that_nobody_opens_lapses_and_costs_more(held):
    sheet, _ = held.ask(FINDING)
    held.host.clock.jump_to(held.host.clock.now() + timedelta(days=15))
    with pytest.raises(Conflict, match="had to be opened by"):
        held.open(sheet, FINDING)
    terms = held.blind.terms(RIVAL)
    assert [q.standing for q in terms.questions] == [Standing.LAPSED]
    assert terms.left == 20 - rules.COST[Standing.LAPSED]


def test_a_shelf_is_given_as_often_as_asked_but_no_other_one(held):
    sheet, _ = held.ask(FINDING)
    assert held.blind.shelf(RIVAL, sheet.question, "origin", 0) == held.blind.shelf(RIVAL, sheet.question, "origin", 0)
    with pytest.raises(Missing, match="no such shelf"):
        held.blind.shelf(RIVAL, sheet.question, "origin", 1)
    with held.host.machines.store.write() as tx, pytest.raises(Conflict, match="as many shelves"):
        blind.give(tx, sheet.question, Level.ORIGIN, 5, most=1)


def test_an_erased_report_is_forgotten(held):
    report = held.file(FINDING)
    assert held.look(FINDING)[Level.ORIGIN] is not None
    with held.host.machines.store.write() as tx:
        reports.erase(tx, report, at=held.host.clock.now())
    assert set(held.look(FINDING).values()) == {None}


def test_a_host_that_nobody_asked_has_no_key(held):
    held.file(FINDING)
    assert held.blind.catch_up() == 0
    held.ask(OTHER)
    held.file(replace(FINDING, summary="again", cwes=("CWE-121",)))
    assert held.blind.catch_up() == 1


def test_a_finding_that_names_only_its_package_cannot_be_asked_about():
    bare = Finding(summary="s", affected=FINDING.affected)
    with pytest.raises(Invalid, match="cannot be asked about"):
        asker.prepare(document(bare), prints_of(document(bare)))


def test_a_changed_label_does_not_open():
    tag = Key.fresh().tag(b"x")
    entry = bytearray(seals.entry(tag, Label(prior=Prior.MANY, is_published=True)))
    entry[-1] ^= 1
    with pytest.raises(Tampered):
        seals.found(tag, [bytes(entry)])


def test_the_patch_counts_by_its_changed_lines_alone():
    moved = PATCH.replace(b"-10,3 +10,4", b"-90,3 +90,4").replace(b"    if (n", b"\tif (n").replace(b" {\n", b" { //\n")
    assert rules.changes(PATCH) == rules.changes(moved)
    assert len(rules.changes(PATCH)) == 1
    assert rules.changes(PATCH.replace(b"n > room", b"n >= room")) != rules.changes(PATCH)
    assert rules.changes(b"no patch") == ()


def test_a_patch_is_compared_too(held):
    attached = Attachment(
        filename="fix.patch", media_type="text/plain", digest=digest(PATCH), size_bytes=len(PATCH), role=Role.PATCH
    )
    whole = ReportDocument().write(replace(OTHER, attachments=(attached,)), {attached.digest: PATCH})
    assert Level.CHANGE in {one.level for one in prints_of(whole)}


@pytest.mark.parametrize(("entries", "bits"), [(0, 0), (512, 0), (513, 1), (100_000, 8)])
def test_a_large_level_is_cut_into_buckets(entries, bits):
    assert rules.bits(entries) == bits


def test_levels_never_meet():
    assert len({Print(level=level, text="same").secret_input for level in Level}) == len(Level)


def test_an_epoch_turns_once(held):
    first = flow_blind.running(held.host.machines)
    assert flow_blind.running(held.host.machines) == first
    held.host.clock.jump_to(held.host.clock.now() + timedelta(days=31))
    assert flow_blind.running(held.host.machines).number == first.number + 1


def test_what_comes_in_after_a_question_never_makes_its_answer_a_miss(held, monkeypatch):
    """The asker chose a bucket by the width it was told; a level that grew must still hold the match there."""
    monkeypatch.setattr(rules, "SHELF", 1)
    held.file(FINDING)
    sheet, answered = held.ask(FINDING)
    found = asker.wanted(
        sheet, evaluated=answered.evaluated, proof=answered.proof, public=answered.public,
        bits={level.name.lower(): bits for level, bits in answered.bits.items()},
    )  # fmt: skip
    for number in range(12):
        held.file(replace(FINDING, aliases=(), introduced_commits=(f"{number:040x}",), crash_frames=()))
    held.blind.catch_up()
    (origin,) = [one for one in found if one.level is Level.ORIGIN]
    shelf = held.blind.shelf(RIVAL, sheet.question, "origin", origin.bucket)
    assert asker.matched(origin, shelf) is not None


def claimed(held: Site, organisation: str, repository: str) -> str:
    """An open scan claim of somebody."""
    machines = held.host.machines
    desk = Claims(
        store=machines.store, settings=machines.settings, signer=machines.signer, now=machines.now, own_report=None
    )  # type: ignore[arg-type]  # no report is named here
    who = replace(LAB, person=PartyId(f"{organisation}-1"), organisation=PartyId(organisation))
    allowed = Authorisation(
        owner="Example Foundation",
        scope="all",
        contact="security@example.org",
        starts_on=date(2020, 1, 1),
        ends_on=date(2040, 1, 1),
    )
    claim, _ = desk.take(who, Wish(repository=f"https://{repository}", paths=["src/secret"]), allowed)
    return claim.id


def somebody_at(held: Site, repository: str, viewer: Any = RIVAL) -> bool:
    """What an asker learns of a repository, and what the host saw: nothing of it."""
    area, document_, prints = area_of(Wish(repository=repository))
    sheet = asker.prepare(document_, prints)
    body = held._sent(asker.sent(sheet))
    answer = held.blind.ask(viewer, document=body["document"], parts=held.parts(body))
    tags = asker.areas(sheet, evaluated=answer.evaluated, proof=answer.proof, public=answer.public)
    with pytest.raises(Missing):
        held.blind.shelf(viewer, answer.question.id, "area", 0)
    shelf = held.blind.claims(viewer, answer.question.id)
    assert (len(shelf.entries), len(shelf.states)) == (rules.LEAST_SHELF, rules.LEAST_SHELF)
    held._sent([one.hex() for one in (*shelf.entries, *shelf.states)])
    held.blind.withdraw(viewer, answer.question.id)
    found = overlap_of(area, tags, shelf, held.host.clock.now())
    assert found.names == ()
    return found.parts_of_repository


def test_whoever_asks_blindly_hears_that_somebody_holds_a_claim_there_and_the_host_hears_nothing(held):
    for number, name in enumerate(("one", "two", "three")):
        claimed(held, name, f"git.example.org/open/repo{number}")
    assert somebody_at(held, "HTTPS://git.example.org/open/repo1.git")
    assert not somebody_at(held, "git.example.org/open/other")
    with held.host.machines.store.read() as tx:
        written = " ".join(tx.connection.execute(select(tables.journal.c.body)).scalars())
    for secret in ("open/repo1", "open/other", "src/secret"):
        assert secret not in " ".join(held.crossed)
        assert secret not in written


def test_nothing_is_told_of_claims_while_fewer_than_three_others_hold_any(held):
    for name in ("one", "two", "rival"):
        claimed(held, name, f"git.example.org/a/{name}")
    claimed(held, "two", "git.example.org/a/more")
    assert not somebody_at(held, "git.example.org/a/one"), "the asker's own claim makes no group"
    claimed(held, "three", "git.example.org/a/three")
    assert somebody_at(held, "git.example.org/a/one")
    assert not somebody_at(held, "git.example.org/a/rival"), "one's own claim is nobody else's"


def test_a_claim_that_has_run_out_is_told_to_nobody(held):
    for name in ("one", "two", "three"):
        claimed(held, name, f"git.example.org/a/{name}")
    held.host.clock.jump_to(held.host.clock.now() + timedelta(days=8))
    for name in ("four", "five", "six"):
        claimed(held, name, f"git.example.org/a/{name}")
    assert not somebody_at(held, "git.example.org/a/one")
    assert somebody_at(held, "git.example.org/a/four")


def test_a_question_about_claims_costs_the_same_meter(tmp_path):
    with site(tmp_path, blind_quota=2) as held:
        somebody_at(held, "git.example.org/a/b")
        somebody_at(held, "git.example.org/a/c")
        with pytest.raises(Forbidden, match="used up"):
            somebody_at(held, "git.example.org/a/d")
