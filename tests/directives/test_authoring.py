"""A directive from draft to adoption, with its 30-day clock; and one drill each for NSS and War systems."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from comity.defend.due import Due, NotBound
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import directive as reader
from comity.library.check import checker
from comity.model.asset import Domain
from comity.model.authoring import MOVES, Stage
from comity.model.ids import digest
from comity.model.party import ANONYMOUS, Viewer
from comity.store import journal
from tests.directives.hosts import LOG4SHELL, START, Host, host, viewer

ADA, GRACE, EDITH, NELL, NORA, DORA, DAN = (
    viewer(name) for name in ("ada", "grace", "edith", "nell", "nora", "dora", "dan")
)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path) as made:
        yield made


def local(domain: str, days: int = 5, version: str = "1.0.0") -> bytes:
    """The shipped template filled in by hand; the day counts are this test's, nobody's rule."""
    name = {"nss": "nss", "dow": "dow", "fceb": "nss"}[domain]
    text = reader.shipped_bytes(f"local.{name}.template").decode()
    for amount in (90, 30, days):
        text = text.replace("unit: to_be_set", f"unit: calendar_day, amount: {amount}", 1)
    text = text.replace(f"pack: local.{name}.template", f"pack: local.{domain}.fast").replace(
        "version: 0.0.1", f"version: {version}"
    )
    text = text.replace(f"domain: {name}", f"domain: {domain}").replace("kind: template", "kind: local")
    text = text.replace("issued: 2026-11-22, applies_from: 2026-11-22", "issued: 2026-12-01, applies_from: 2026-12-01")
    return text.replace("binding_on: [none]", "binding_on: [our systems]").encode()


def signed(held: Host, author: Viewer, data: bytes, *offices: tuple[str, Viewer]) -> str:
    """The whole way to a signature, each office agreeing."""
    made = held.directives.draft(author, data)
    held.directives.consult(author, made.id, [name for name, _ in offices])
    for _, office in offices:
        held.directives.comment(office, made.id, "", agrees=True)
    held.directives.sign(author, made.id, digest(data))
    return made.id


def test_nothing_leaves_withdrawn_and_every_stage_can_be_withdrawn_from() -> None:
    assert MOVES[Stage.WITHDRAWN] == frozenset()
    assert all(Stage.WITHDRAWN in MOVES[stage] for stage in Stage if stage is not Stage.WITHDRAWN)


def test_a_directive_goes_from_draft_to_adoption_with_every_step_in_somebodys_name(held: Host) -> None:
    data = local("fceb")
    made = held.directives.draft(EDITH, data)
    assert held.directives.directive(EDITH, made.id).day.sentence == "day 1 of 30; publish by 2027-01-14"
    held.directives.consult(EDITH, made.id, ["agency", "bureau"], days=10)
    held.directives.comment(ADA, made.id, "section 2 is unclear", agrees=False)
    with pytest.raises(Conflict, match="bureau may still comment"):
        held.directives.sign(EDITH, made.id, digest(data))
    held.directives.comment(GRACE, made.id, "", agrees=True)
    held.clock.jump(timedelta(days=4))
    held.directives.sign(EDITH, made.id, digest(data))
    held.directives.publish(EDITH, made.id)
    view = held.directives.directive(EDITH, made.id)
    assert (view.day.sentence, view.directive.review_due) == ("published on day 5 of 30", reader.read(data).review_due)
    told = checker(lambda: [held.key.public])(held.directives.signature(EDITH, made.id), None)
    assert "by Edith" in told.sentence
    assert digest(data) in dict(told.facts).values()
    held.directives.follow(ADA, "local.fceb.fast")
    held.directives.acknowledge(ADA, "local.fceb.fast")
    held.directives.report(ADA, "local.fceb.fast", "partly", "two of three bureaus")
    [follower] = held.directives.directive(EDITH, made.id).followers
    assert follower.organisation_name == "agency"
    assert [(version, by) for version, _, by in follower.acknowledged] == [("1.0.0", "Ada")]
    assert follower.reports[-1][1:] == ("partly", "two of three bureaus", "Ada")


def test_an_office_that_stays_silent_holds_nothing_up_past_its_time(held: Host) -> None:
    data = local("fceb")
    made = held.directives.draft(EDITH, data)
    held.directives.consult(EDITH, made.id, ["agency"], days=3)
    held.clock.jump(timedelta(days=3))
    assert held.directives.sign(EDITH, made.id, digest(data)).stage is Stage.SIGNED


def test_the_window_of_30_days_is_shown_when_it_has_passed_and_forces_nothing(held: Host) -> None:
    made = held.directives.draft(EDITH, local("fceb"))
    held.clock.jump(timedelta(days=31))
    day = held.directives.directive(EDITH, made.id).day
    assert day.late
    assert "ended on 2027-01-14" in day.sentence
    assert held.directives.consult(EDITH, made.id, ["agency"]).stage is Stage.CONSULTATION


def test_a_changed_draft_asks_the_offices_again(held: Host) -> None:
    made = held.directives.draft(EDITH, local("fceb"))
    held.directives.consult(EDITH, made.id, ["agency"])
    held.directives.comment(ADA, made.id, "", agrees=True)
    changed = held.directives.redraft(EDITH, made.id, local("fceb", days=7))
    assert changed.stage is Stage.DRAFT
    held.directives.consult(EDITH, made.id, ["agency"])
    assert [one.silent for one in held.directives.directive(EDITH, made.id).offices] == [True]


def test_what_was_signed_is_exactly_what_was_read(held: Host) -> None:
    made = held.directives.draft(EDITH, local("fceb"))
    held.directives.consult(EDITH, made.id, ["agency"])
    held.directives.comment(ADA, made.id, "", agrees=True)
    with pytest.raises(Conflict, match="changed since"):
        held.directives.sign(EDITH, made.id, digest(b"another text"))


def test_a_version_is_written_once_and_a_template_never(held: Host) -> None:
    held.directives.draft(EDITH, local("fceb"))
    with pytest.raises(Conflict):
        held.directives.draft(EDITH, local("fceb"))
    with pytest.raises(Invalid):
        held.directives.draft(NORA, reader.shipped_bytes("local.nss.template"))


def test_nobody_but_an_authority_writes_and_only_the_asked_comment(held: Host) -> None:
    with pytest.raises(Forbidden):
        held.directives.draft(ADA, local("fceb"))
    made = held.directives.draft(EDITH, local("fceb"))
    with pytest.raises(Missing):
        held.directives.directive(ADA, made.id)
    held.directives.consult(EDITH, made.id, ["agency"])
    assert held.directives.directive(ADA, made.id).may_comment
    with pytest.raises(Missing):
        held.directives.comment(GRACE, made.id, "hello", agrees=False)


def test_a_script_signs_nothing_on_a_host_that_signs_as_itself(held: Host) -> None:
    made = held.directives.draft(EDITH, local("fceb"))
    with pytest.raises(Forbidden, match="script"):
        held.directives.sign(viewer("edith", is_script=True), made.id, digest(local("fceb")))


def test_a_published_civil_pack_is_public_and_its_draft_never_was(held: Host) -> None:
    before = {one.pack.id for one in held.directives.packs(ANONYMOUS)}
    id_ = signed(held, EDITH, local("fceb"), ("agency", ADA))
    assert {one.pack.id for one in held.directives.packs(ANONYMOUS)} == before
    held.directives.publish(EDITH, id_)
    assert held.directives.pack(ANONYMOUS, "local.fceb.fast").known.pack.title
    held.directives.withdraw(EDITH, id_, "superseded")
    with pytest.raises(Missing):
        held.directives.pack(ANONYMOUS, "local.fceb.fast")


@pytest.mark.parametrize(
    ("domain", "author", "defender", "name"),
    [("nss", NORA, NELL, "fort"), ("dow", DAN, DORA, "navy")],
)
def test_drill_a_locally_written_pack_dates_its_own_systems_and_is_nothing_to_anybody_else(
    held: Host, domain: str, author: Viewer, defender: Viewer, name: str
) -> None:
    web, _ = held.estate(name, Domain(domain))
    assert isinstance(held.deadlines.deadline(defender, web, LOG4SHELL).answer, NotBound)
    id_ = signed(held, author, local(domain), (name, defender))
    held.directives.publish(author, id_)
    pack = f"local.{domain}.fast"
    held.directives.follow(defender, pack)
    held.directives.acknowledge(defender, pack)
    answer = held.deadlines.deadline(defender, web, LOG4SHELL).answer
    if domain == "dow":
        assert answer.pack == pack  # the notice is unknown here, and KEV alone settles on the first tier
    assert isinstance(answer, Due)
    assert (answer.pack, answer.tier, answer.standing) == (pack, "FIRST", "binding")
    civil = (ADA, EDITH, viewer("carl"), ANONYMOUS)
    other = NELL if domain == "dow" else DORA
    for stranger in (*civil, other):
        assert all(one.pack.domain is not Domain(domain) or one.shipped for one in held.directives.packs(stranger))
        with pytest.raises(Missing):
            held.directives.pack(stranger, pack)
        with pytest.raises(Missing):
            held.directives.signature(stranger, id_)
    with pytest.raises(Missing):
        held.directives.follow(ADA, pack)
    with pytest.raises(Missing):
        held.directives.directive(EDITH, id_)


def test_an_author_writes_for_no_domain_but_their_own(held: Host) -> None:
    with pytest.raises(Forbidden):
        held.directives.draft(EDITH, local("nss"))
    with pytest.raises(Forbidden):
        held.directives.draft(NORA, local("fceb"))


def test_the_journal_holds_stages_and_digests_and_no_text(held: Host) -> None:
    id_ = signed(held, NORA, local("nss"), ("fort", NELL))
    with held.machines.store.read() as tx:
        text = repr(journal.about(tx, id_))
    assert "signed" in text
    assert "local.nss.fast" not in text


def test_the_duties_of_the_order_and_of_cnss_are_shown_with_days_and_doubt(held: Host) -> None:
    order = held.directives.pack(ANONYMOUS, "us.eo-14409")
    assert {row.due_at.date().isoformat() for row in order.duties if row.due_at} == {"2026-07-02", "2026-08-01"}
    cnss = held.directives.pack(ANONYMOUS, "us.cnss.deliverables")
    assert all(row.duty.secondary for row in cnss.duties)
    assert sum("not found" in row.duty.result for row in cnss.duties) == 4
    assert all(row.passed for row in cnss.duties if row.due_at and row.due_at < START)
