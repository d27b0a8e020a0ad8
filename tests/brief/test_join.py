"""Briefs are joined to what is published and mirrored, disagree openly, and reopen when a fact under them changes."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.api.fakes import AT, draft
from tests.brief.conftest import make_source
from tests.brief.hosts import ADA, EDITH, GRACE, MEMBER, host

from comity.brief import disputed, ledger, twin
from comity.brief.draft import draft as keyless
from comity.errors import Conflict, Forbidden, Missing
from comity.model.article import Origin, ReviewState, Source
from comity.model.brief import Claim, Relation
from comity.model.events import Event, Kind
from comity.model.handling import Handling, Tlp
from comity.model.ids import CaseId, Digest
from comity.model.signals import KEV, KEV_DUE, KEV_SOURCE, Fact
from comity.store import published, upstream

CVE = "CVE-2026-10001"
FIXED = (
    f"{CVE} in Northwind Gateway was fixed in version 3.0.2. The flaw could allow an attacker to read files outside "
    "the served folder. Operators must install the update by 3 December 2026."
)
CIRCULATING = {
    "F1": "The clearinghouse scans unreleased AI models before their release.",
    "F2": "The order creates an AI Fraud Task Force at the Department of Justice.",
    "F3": "GOLD EAGLE requires developers to share what they find.",
    "F4": "Members receive anonymised targeting telemetry every week.",
    "F5": "BOD 26-04 ranks a weakness by severity, prevalence and mission.",
    "F6": "The Code of Practice on transparency is dated 28 June 2026.",
    "F7": "All of Article 50 was postponed, several sites write.",
    "F8": "Partner rollouts need consent of the government.",
    "F9": "The voluntary framework was completed on 3 August 2026.",
    "F10": "The benchmark is owned by CISA alone.",
}


@pytest.mark.parametrize("name", CIRCULATING)
def test_each_circulating_claim_is_shown_with_both_origins_and_never_stated_as_fact(name: str, tmp_path: Path) -> None:
    source = make_source(CIRCULATING[name] + " More was not said.", url=f"https://example.org/{name}")
    [found] = disputed.conflicts(source)
    assert found.note == name
    assert found.standing in {"wrong", "disputed"}
    assert found.ours.origins[0].source == source.name
    assert found.theirs.origins[0].source
    with host(tmp_path) as here:
        record = here.kept(source)
        assert [one.note for one in record.conflicts if one.note.startswith("F")] == [name]
        here.reviewed(record.id)
        with pytest.raises(Conflict, match="states as fact"):
            here.desk.publish(EDITH, record.id)


def test_a_denial_of_a_circulating_claim_does_not_make_it() -> None:
    assert disputed.seen("GOLD EAGLE does not require developers to share what they find.") == ()
    assert disputed.seen("Only Article 50(2) was postponed.") == ()
    assert disputed.seen("The clearinghouse coordinates scanning of AI software.") == ()


def test_claims_have_subject_predicate_value_certainty_and_origin() -> None:
    source = make_source(FIXED)
    found = {one.predicate: one for one in ledger.claims(keyless(source), source)}
    assert {name: one.value for name, one in found.items()} == {
        "fixed in": "3.0.2",
        "effect": "could allow an attacker to read files outside the served folder",
        "due": "2026-12-03",
    }
    assert {name: one.rung for name, one in found.items()} == {"fixed in": 4, "effect": 1, "due": 3}
    assert all(one.subject == CVE and one.origins[0].words in FIXED for one in found.values())


def test_a_sentence_about_something_else_is_no_claim_about_the_only_weakness_named() -> None:
    source = make_source(f"The directive reaches 60 agencies by 3 December 2026. A notice names {CVE}.")
    assert ledger.claims(keyless(source), source) == ()


def claim(value: str, url: str = "https://a.example", days: int = 0) -> Claim:
    [base] = [one for one in ledger.claims(keyless(SOURCE), SOURCE) if one.predicate == "due"]
    origin = replace(base.origins[0], url=url)
    assert base.as_of is not None
    return replace(base, value=value, origins=(origin,), as_of=base.as_of + timedelta(days=days))


SOURCE = make_source(FIXED)


def test_equal_values_support_another_origin_contradicts_and_the_same_one_later_supersedes() -> None:
    assert ledger.relate(claim("a"), claim("a", url="https://b.example")) is Relation.SUPPORTS
    assert ledger.relate(claim("a"), claim("b", url="https://b.example")) is Relation.CONTRADICTS
    assert ledger.relate(claim("b", days=3), claim("a")) is Relation.SUPERSEDES
    assert ledger.relate(claim("b"), claim("a", days=3)) is Relation.CONTRADICTS
    with pytest.raises(ValueError, match="different things"):
        ledger.relate(claim("a"), replace(claim("a"), subject="CVE-2026-2"))


def test_the_twins_state_the_same_facts_and_a_change_in_one_shows() -> None:
    claims = ledger.claims(keyless(SOURCE), SOURCE)
    one, other = twin.analyst(claims, SOURCE), twin.plain(claims, SOURCE)
    assert len(one) == len(other) == 3
    assert twin.same(one, other)
    assert twin.stated(one) != frozenset()
    for changed in (
        other[1:],
        [line.replace("3.0.2", "3.0.3") for line in other],
        [line.replace("2026-12-03", "2026-12-04") for line in other],
        [line.replace("(possible", "(stated") for line in other],
        [line.replace(CVE, "CVE-2026-10002") for line in other],
    ):
        assert not twin.same(one, changed)


@given(
    st.lists(
        st.builds(
            Claim,
            subject=st.sampled_from([CVE, "CVE-2026-20002", "BOD-26-04", "GOLD EAGLE"]),
            predicate=st.sampled_from(["fixed in", "affected before", "due", "exploited", "launched", "participation"]),
            value=st.sampled_from(["3.0.2", "2026-12-03", "yes", "no", "voluntary", "1.2.3-rc1"]),
            rung=st.integers(0, 4),
            sentence=st.integers(-1, 3),
        ),
        max_size=6,
    )
)
def test_twins_of_any_claims_state_the_same_facts(claims: list[Claim]) -> None:
    assert twin.same(twin.analyst(claims, SOURCE), twin.plain(claims, SOURCE))


def advisory(**given: object) -> object:
    return replace(draft("Gateway reads files"), published_at=AT, aliases=(CVE,), **given)  # type: ignore[arg-type]  # fields by name


def test_a_published_advisory_is_joined_and_an_embargoed_one_is_out_of_reach(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        with here.machines.store.write() as tx:
            strict = Handling(tlp=Tlp.AMBER, no_equities_use=False)
            published.put(tx, advisory(handling=strict), [], case=CaseId("C-1"))  # type: ignore[arg-type]  # an advisory
        assert [one.kind for one in here.kept(SOURCE).links] == []
        with here.machines.store.write() as tx:
            published.put(tx, advisory(), [], case=CaseId("C-1"))  # type: ignore[arg-type]  # an advisory
        linked = here.published(make_source(FIXED + " It is new.", url="https://example.org/new"))
        assert [(one.kind, one.target, one.because) for one in linked.links] == [
            ("advisory", "COMITY-2026-0001", CVE),
            ("case", "C-1", CVE),
        ]


def test_an_advisory_that_comes_later_reopens_the_brief_at_once_and_only_once(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        public = here.published(SOURCE)
        assert public.review_state is ReviewState.REVIEWED
        with here.machines.store.write() as tx:
            published.put(tx, advisory(), [], case=CaseId("C-1"))  # type: ignore[arg-type]  # an advisory
        event = Event(
            kind=Kind.ADVISORY_PUBLISHED, key="published:C-1", at=here.clock.at, subjects=("C-1", "COMITY-2026-0001")
        )
        assert here.desk.react(event) == 1
        after = here.desk.brief(MEMBER, public.id).public
        assert after.review_state is ReviewState.UNREVIEWED
        assert "COMITY-2026-0001" in after.banner
        assert "not reviewed by a person" in after.label
        here.reviewed(public.id)
        assert here.desk.react(event) == 1, "the memory of the act, not a second act"
        assert here.desk.brief(MEMBER, public.id).public.review_state is ReviewState.REVIEWED


def test_a_mirror_that_says_something_else_reopens_the_brief_and_a_new_date_alone_does_not(tmp_path: Path) -> None:
    def mirrored(due: str) -> None:
        facts = [Fact(subject=CVE, name=KEV, value="yes"), Fact(subject=CVE, name=KEV_DUE, value=due)]
        with here.machines.store.write() as tx:
            digest = Digest(hashlib.sha256(due.encode()).hexdigest())
            upstream.replace_mirror(tx, KEV_SOURCE, facts, as_of=here.clock.at, fetched_at=here.clock.at, digest=digest)

    def event(key: str) -> Event:
        return Event(kind=Kind.MIRROR_UPDATED, key=key, at=here.clock.at)

    with host(tmp_path) as here:
        mirrored("2026-12-03")
        public = here.published(SOURCE)
        assert {one.kind for one in public.links} == {"deadline", "mirror"}
        assert all(one.in_mirror for one in public.entities if one.kind == "cve")
        here.clock.pass_(days=1)
        mirrored("2026-12-03")
        assert here.desk.react(event("m1")) == 0
        mirrored("2026-12-10")
        assert here.desk.react(event("m2")) == 1
        assert "2026-12-10" in here.desk.brief(MEMBER, public.id).public.banner


def test_a_source_with_other_words_reopens_what_rests_on_it(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        public = here.published(SOURCE)
        assert here.desk.source_changed(ADA, SOURCE) == ()
        assert here.desk.source_changed(ADA, make_source(FIXED + " Corrected.")) == (public.id,)
        assert "source changed" in here.desk.brief(MEMBER, public.id).public.banner


def test_another_source_that_disagrees_reopens_the_earlier_brief_and_both_values_are_shown(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        first = here.published(SOURCE)
        other = FIXED.replace("3.0.2", "3.1.0")
        second = here.published(make_source(other, name="Second Agency", url="https://example.org/second"))
        [shown] = [one for one in second.conflicts if one.predicate == "fixed in"]
        assert (shown.ours.value, shown.theirs.value, shown.brief) == ("3.1.0", "3.0.2", first.id)
        reopened = here.desk.brief(MEMBER, first.id).public
        assert reopened.review_state is ReviewState.UNREVIEWED
        assert "says otherwise" in reopened.banner
        assert {one.id for one in here.desk.conflicts(MEMBER)} == {first.id, second.id}


def test_errors_are_counted_by_source_and_kind_of_claim_and_ours_apart_from_theirs(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        public = here.published(SOURCE)
        words = [line.text for line in public.lines]
        changed = [words[0].replace("in Northwind Gateway ", ""), *words[1:]]
        here.desk.correct(ADA, public.id, note="Left out.", title=public.title, sentences=changed, whose="source")
        [row] = here.desk.errors(ADA)
        assert (row.source, row.predicate, row.whose, row.count) == ("Example Agency", "fixed in", "source", 1)
        assert here.desk.rates(MEMBER).wrong == 0
        here.desk.withdraw(ADA, public.id, reason="Ours.")
        assert here.desk.rates(MEMBER).wrong == 1
        with pytest.raises(Conflict):
            here.desk.publish(EDITH, public.id)


def test_nobody_but_an_editor_meets_a_draft_and_a_hidden_one_looks_like_a_missing_one(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        record = here.kept(make_source(tlp=Tlp.RED))
        with pytest.raises(Missing) as hidden:
            here.desk.draft(GRACE, record.id)
        with pytest.raises(Missing) as missing:
            here.desk.draft(GRACE, "none")
        assert str(hidden.value).replace(record.id, "none") == str(missing.value)
        with pytest.raises(Forbidden):
            here.desk.draft(MEMBER, record.id)
        with pytest.raises(Missing):
            here.desk.brief(MEMBER, record.id)


def test_a_script_reviews_nothing_on_a_host_that_signs_as_itself(tmp_path: Path) -> None:
    script = replace(GRACE, is_script=True)
    with host(tmp_path) as here, pytest.raises(Forbidden, match="a script"):
        here.desk.begin(script, here.kept().id)
    with host(tmp_path / "demo", demo=True) as here:
        record = here.kept()
        here.reviewed(record.id, by=script)
        label = here.desk.publish(EDITH, record.id).label
        assert "a script and not a person" in label


def test_a_share_ends_and_a_withdrawn_brief_is_shared_no_more(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        public = here.published(SOURCE)
        made = here.desk.share(EDITH, public.id, organisation="member", legal_basis="terms")
        assert here.desk.shared(MEMBER, made.secret).data
        with pytest.raises(Missing):
            here.desk.shared(MEMBER, "0" * 48)
        here.clock.pass_(days=31)
        with pytest.raises(Missing):
            here.desk.shared(MEMBER, made.secret)
        made = here.desk.share(EDITH, public.id, organisation="member", legal_basis="terms")
        here.desk.withdraw(ADA, public.id, reason="Gone.")
        with pytest.raises(Missing):
            here.desk.shared(MEMBER, made.secret)
        red = here.kept(make_source(tlp=Tlp.AMBER, url="https://example.org/amber"))
        assert red.brief.origin is Origin.EXTRACTIVE
        assert here.desk.share(EDITH, red.id, organisation="member", legal_basis="terms").secret


def test_stix_is_what_another_library_reads(tmp_path: Path) -> None:
    stix2 = pytest.importorskip("stix2", reason="peer not installed: stix2")
    with host(tmp_path) as here:
        public = here.published(SOURCE)
        data = here.desk.file(MEMBER, public.id, "brief.stix.json").data
        assert data == here.desk.file(MEMBER, public.id, "brief.stix.json").data
    bundle = stix2.parse(data.decode(), allow_custom=False)
    kinds = [one["type"] for one in bundle.objects]
    assert kinds == ["marking-definition", "identity", "vulnerability", "report"]
    report = bundle.objects[-1]
    assert report.description.startswith(public.label)
    assert report.object_refs == [bundle.objects[2].id]
    assert bundle.objects[2].name == CVE


def test_two_sources_of_one_story_that_disagree_are_shown(tmp_path: Path) -> None:
    other: Source = make_source(FIXED.replace("3 December", "10 December"), name="Second", url="https://b.example")
    with host(tmp_path) as here:
        record = here.desk.extract(ADA, SOURCE, other)
        [found] = [one for one in record.conflicts if one.predicate == "due"]
        assert {found.ours.value, found.theirs.value} == {"2026-12-03", "2026-12-10"}
