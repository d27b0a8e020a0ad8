"""T01 to T18: what must be true of every brief, each as one check that a broken rule turns red.

`test_compliance` runs each on the code as it is; `test_mutations` breaks the rule behind each and expects the check to
fail. Basis of each: Regulation (EU) 2024/1689 Article 50, the Code of Practice of 10 June 2026, FIRST TLP 2.0, 6 USC
1503(d)(2), or a rule of ours.
"""

import email
import html
import itertools
import json
import random
import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.brief.conftest import PUBLISHED, RETRIEVED, TEXT, make_brief, make_source
from tests.brief.hosts import ADA, EDITH, GRACE, MEMBER, START, Host, channels, decided, drafted_of, model_brief

from comity.brief import fingerprint, publish, review
from comity.brief.check import gates
from comity.brief.check.budget import hidden_in
from comity.brief.desk import Answer, Counted, Decision, Rejected, Voided
from comity.brief.draft import draft
from comity.brief.gather import read_page
from comity.brief.label import FORBIDDEN, HEADER, LANGUAGES, MARKS, label
from comity.brief.sentences import sentences
from comity.errors import Conflict, Forbidden, Invalid, Tampered
from comity.library.check import checker
from comity.model.article import Brief, Gate, Origin, ReviewState, Sentence
from comity.model.brief import MOVES, Published, Record, Reviewed, Ruling, Sitting, words_of
from comity.model.handling import Tlp
from comity.model.ids import PartyId, digest

TRUE = "The directive may reach 60 agencies by 3 December 2026."
HIDDEN = ("\u200b", "\u202e", "\u2066", "\ufe0f", "\U000e0101", "\ufeff", "\U000e0041")


def t01_every_brief_has_a_known_origin(_: Host) -> None:
    """50(2), 50(4): origin is one of four values, and there is no default."""
    for value in ("", "robot", None, "HUMAN", "Model"):
        with pytest.raises(TypeError, match="origin"):
            Brief(id="b", title="t", bottom_line=Sentence(text=TRUE), origin=value)  # type: ignore[arg-type]  # the wrong value is the test
    with pytest.raises(TypeError, match="origin"):
        Brief(id="b", title="t", bottom_line=Sentence(text=TRUE))  # type: ignore[call-arg]  # the missing value is the test
    assert {one.value for one in Origin} == {"human", "extractive", "model", "model+human"}


def t02_the_label_comes_before_the_first_sentence(here: Host) -> None:
    """50(5): first exposure, in every channel, as text."""
    public = here.published()
    first = public.lines[0].text
    for name, said in channels(public).items():
        words = unfolded(name, said)
        assert public.label in words, name
        assert first in words, name
        assert words.index(public.label) < words.index(first), name
    assert channels(public)["text"].startswith(public.label)
    named = Elements(channels(public)["page"]).first("p", "brief-label")
    assert named["role"] == "note"
    assert public.label in named["aria-label"]
    assert public.label in named["text"]


def t03_the_label_says_ai_how_and_review_state_in_the_language_of_the_brief(_: Host) -> None:
    """50(4), 50(5): compared with a golden list for each language."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    source = make_source()
    assert set(golden) == set(LANGUAGES)
    for language, origin, state in itertools.product(LANGUAGES, Origin, ("unreviewed", "reviewed")):
        brief = make_brief(TRUE, source, TRUE, origin=origin, language=language)
        if state == "reviewed":
            brief = replace(brief, review_state=ReviewState.REVIEWED, reviewer="Grace", reviewed_at=START)
            brief = replace(brief, editor_of_record="Edith")
        said = label(brief, source)
        assert said == golden[language][f"{origin.value} {state}"]
        assert "AI" in said
        assert not any(word in said.lower() for word in FORBIDDEN)
    with pytest.raises(Invalid):
        label(make_brief(TRUE, source, TRUE, language="xx"), source)


GOLDEN = Path(__file__).with_name("labels.json")
"""Label of every origin and review state, by language: written by hand from the wording that is asked for."""


def t04_reviewed_is_reached_with_all_of_its_evidence_and_in_no_other_way(here: Host) -> None:
    """50(4): every state x every set of missing evidence; only a whole sitting ends in `reviewed`."""
    record = here.kept()
    checked = gates.check(record.brief, record.source)
    lacks = ("source", "time", "editor", "decision", "reviewer", "self")
    for state, *flags in itertools.product(ReviewState, *[(True, False)] * len(lacks)):
        has = dict(zip(lacks, flags, strict=True))
        reviewer = PartyId("ada") if not has["self"] else PartyId("grace")
        began = record
        if state is ReviewState.IN_REVIEW:
            sitting = Sitting(
                id="s",
                reviewer=reviewer,
                reviewer_name="Grace",
                began_at=START,
                items=review.items(record.brief, planted=1, random=b"\x07" * 16),
                opened=(record.source.url,) if has["source"] else (),
            )
            began = replace(record, brief=replace(record.brief, review_state=state), sitting=sitting)
        elif state is ReviewState.REJECTED:
            began = replace(record, brief=replace(record.brief, review_state=state))
        elif state is ReviewState.REVIEWED:
            continue  # built below, where the value itself refuses what lacks evidence
        chosen = decided(began) if began.sitting else {}
        if not has["decision"]:
            chosen = dict(list(chosen.items())[1:])
        try:
            outcome = review.close(
                began,
                checked,
                reviewer=reviewer if has["reviewer"] else PartyId(""),
                decisions=chosen,
                editor=(PartyId("edith"), "Edith") if has["editor"] else (PartyId(""), ""),
                now=START + timedelta(seconds=60 if has["time"] else 2),
                floor=timedelta(seconds=30),
            )
        except (Conflict, Forbidden, Invalid, ValueError):
            assert not (state is ReviewState.IN_REVIEW and all(flags)), has
        else:
            assert state is ReviewState.IN_REVIEW, state
            assert all(flags), has
            assert isinstance(outcome, Counted)
            assert outcome.record.brief.review_state is ReviewState.REVIEWED
    with pytest.raises(Forbidden):
        review.begin(record, reviewer=PartyId("ada"), name="Ada", now=START, planted=1, random=b"1" * 16)
    _no_reviewed_value_without_evidence(record)
    into = {state for state, moves in MOVES.items() if ReviewState.REVIEWED in moves}
    assert into == {ReviewState.IN_REVIEW}


def _no_reviewed_value_without_evidence(record: Record) -> None:
    whole = Reviewed(
        reviewer=PartyId("grace"),
        reviewer_name="Grace",
        editor_of_record=PartyId("edith"),
        editor_name="Edith",
        began_at=START,
        at=START + timedelta(minutes=1),
        rulings=tuple(
            Ruling(sentence=number, words=digest(one.text.encode()), decision=Decision.HOLDS)
            for number, one in enumerate(record.brief.sentences)
        ),
        opened_sources=(record.source.url,),
        words=words_of(record.brief),
    )
    reviewed = replace(record.brief, review_state=ReviewState.REVIEWED, reviewer="Grace", reviewed_at=START)
    assert replace(record, brief=reviewed, review=whole).review is whole
    short: list[Reviewed | None] = [
        None,
        replace(whole, reviewer=PartyId("")),
        replace(whole, reviewer=PartyId("ada")),
        replace(whole, editor_of_record=PartyId("")),
        replace(whole, editor_name=""),
        replace(whole, opened_sources=()),
        replace(whole, opened_sources=("https://elsewhere.example",)),
        replace(whole, rulings=whole.rulings[1:]),
        replace(whole, rulings=(replace(whole.rulings[0], decision=Decision.WRONG), *whole.rulings[1:])),
        replace(whole, words=digest(b"other words")),
    ]
    for one in short:
        with pytest.raises(ValueError, match="a reviewed brief shows its review"):
            replace(record, brief=reviewed, review=one)


def t05_any_change_after_review_drops_to_unreviewed_everywhere(here: Host) -> None:
    """50(4): one character, and every channel says that nobody reviewed it."""
    public = here.published()
    assert "reviewed by Grace" in public.label
    words = [line.text for line in public.lines]
    changed = [words[0].replace("may", "could"), *words[1:]]
    after = here.desk.correct(ADA, public.id, note="one word", title=public.title, sentences=changed)
    assert after.review_state is ReviewState.UNREVIEWED
    for name, said in channels(after).items():
        plain = unfolded(name, said)
        assert "not reviewed by a person" in plain, name
        assert "reviewed by Grace" not in plain, name
    second = here.kept(make_source(text=TEXT + " It ends in 2027.", url="https://example.org/second"))
    here.reviewed(second.id)
    again = replace(draft(second.source), title=second.brief.title + ".")
    kept = here.desk.keep(GRACE, drafted_of(second.source, brief=again))
    assert kept.brief.review_state is ReviewState.UNREVIEWED
    assert kept.review is None
    assert GRACE.person in kept.makers
    same = here.kept(make_source(text=TEXT + " It ends in 2028.", url="https://example.org/third"))
    done = here.reviewed(same.id)
    assert here.desk.keep(ADA, drafted_of(same.source)).review == done.review


def t06_no_rubber_stamp(here: Host) -> None:
    """Draft guidelines of 8 May 2026: a floor of time, planted errors, and rates shown in aggregate."""
    record = here.kept()
    begun = here.desk.begin(GRACE, record.id)
    here.desk.open_source(GRACE, record.id, record.source.url)
    assert begun.sitting is not None
    assert len(begun.sitting.planted) >= 1
    here.clock.pass_(seconds=2)
    with pytest.raises(Invalid) as caught:
        here.desk.decide(GRACE, record.id, decided(begun), editor_of_record=EDITH.person)
    assert [one.code for one in caught.value.problems] == ["too_quick"]
    here.clock.pass_(seconds=60)
    blind = dict.fromkeys(decided(begun), Decision.HOLDS)
    outcome = here.desk.decide(GRACE, record.id, blind, editor_of_record=EDITH.person)
    assert isinstance(outcome, Voided)
    assert outcome.record.brief.review_state is ReviewState.UNREVIEWED
    here.reviewed(record.id)
    other = here.kept(make_source(text=TEXT + " It ends in 2029.", url="https://example.org/other"))
    begun = here.desk.begin(GRACE, other.id)
    here.desk.open_source(GRACE, other.id, other.source.url)
    here.clock.pass_(seconds=60)
    all_wrong = dict.fromkeys(decided(begun), Decision.WRONG)
    assert isinstance(here.desk.decide(GRACE, other.id, all_wrong, reason="not so"), Rejected)
    rates = here.desk.rates(MEMBER)
    assert (rates.counted, rates.rejected, rates.voided) == (1, 1, 1)
    assert (rates.planted, rates.caught) == (3, 2)


def t07_one_machine_mark_everywhere(here: Host) -> None:
    """50(2), Code 1.1.1: one brief, every channel, equal value."""
    assert {one: mark.rpartition("/")[2] for one, mark in MARKS.items()} == {
        Origin.HUMAN: "",
        Origin.EXTRACTIVE: "algorithmicMedia",
        Origin.MODEL: "trainedAlgorithmicMedia",
        Origin.MODEL_HUMAN: "compositeWithTrainedAlgorithmicMedia",
    }
    for number, origin in enumerate(Origin):
        source = make_source(url=f"https://example.org/{number}")
        public = here.published(source, brief=model_brief(source, id=f"b-{number}", origin=origin))
        assert public.mark == MARKS[origin]
        for name, said in channels(public).items():
            found = set(re.findall(r"http://cv\.iptc\.org/newscodes/digitalsourcetype/\w+", unfolded(name, said)))
            assert found == ({public.mark} if public.mark else set()), (name, origin)
        message = email.message_from_string(channels(public)["mail"], policy=default)
        assert message.get(HEADER, "") == public.mark
        for file in ("brief.json", "brief.jsonld", "brief.stix.json"):
            data = here.desk.file(MEMBER, public.id, file)
            assert data.mark == public.mark
            assert (public.mark in data.data.decode()) or not public.mark


def t08_metadata_is_signed_with_a_time_and_breaks_on_any_edit(here: Host) -> None:
    """Code 1.1.1: canonical bytes, checked offline with the public key alone; each field flipped in turn."""
    public = here.published()
    document = here.desk.file(MEMBER, public.id, "brief.json").data
    seal = here.desk.file(MEMBER, public.id, "brief.json.seal.json").data
    check = checker(lambda: (here.key.public,))
    found = check(document, seal)
    assert any(here.clock.at.isoformat() in value for _, value in found.facts), found.facts
    held = json.loads(document)
    assert document == publish.canonical(public)
    for name in sorted(held):
        value = held[name]
        other = {**held, name: "x" if value != "x" else "y"}
        with pytest.raises(Tampered):
            check(json.dumps(other, sort_keys=True, separators=(",", ":")).encode(), seal)
    names = {one.name for one in fields(Published)}
    assert names <= set(held), names - set(held)


def t09_a_published_text_is_recognised(here: Host) -> None:
    """Code 1.1.3, 1.3: exact, one word in ten changed, unrelated. The log holds no text."""
    public = here.published(make_source(text=LONG, url="https://example.org/long"))
    words = "\n".join([public.title, *(line.text for line in public.lines)])
    exact = here.desk.detect(MEMBER, words.upper().replace("\n", "  "))
    assert (exact.answer, exact.brief) == (Answer.YES, public.id)
    pieces = words.split()
    draw = random.Random(7)
    for place in draw.sample(range(len(pieces)), len(pieces) // 10):
        pieces[place] = "changed"
    near = here.desk.detect(MEMBER, " ".join(pieces))
    assert (near.answer, near.brief) == (Answer.NEAR, public.id)
    other = "Bakers in the valley report that rye keeps longer than wheat when it is stored in dry stone cellars."
    assert here.desk.detect(MEMBER, other).answer is Answer.NO
    with here.machines.store.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT * FROM brief_texts").all()
    assert rows
    assert not any("directive" in str(row) for row in rows)
    assert digest(fingerprint.normal(words).encode()) not in str(rows), "the hash is keyed, not bare"


LONG = (
    "The directive may reach 60 agencies by 3 December 2026 and replaces two earlier directives. "
    "Agencies report their progress to the directorate each quarter through the existing reporting portal. "
    "The notice names CVE-2026-10001 in version 3.0.1 and asks operators to read the vendor's instructions."
)


def t10_long_model_text_is_never_published_without_a_watermark(here: Host) -> None:
    """Code 1.1.2: 199, 200 and 201 tokens under the named tokenizer."""
    assert review.TOKENIZER == "comity-pieces/1"
    for count, passes in ((199, True), (200, True), (201, False)):
        words = "May " + " ".join(["go"] * (count - 2)) + "."
        assert review.tokens(words) == count
        record = _unsafe(here, model_brief(make_source(), words))
        if passes:
            review.publishable(record, _silent(record), needs_review=False)
        else:
            with pytest.raises(Conflict, match="watermark"):
                review.publishable(record, _silent(record), needs_review=False)
    short = replace(_unsafe(here, model_brief(make_source())), model_tokens=201)
    with pytest.raises(Conflict, match="watermark"):
        review.publishable(short, _silent(short), needs_review=False)


def _unsafe(here: Host, brief: Brief) -> Record:
    held = drafted_of(make_source(), brief=brief)
    return Record(
        brief=held.brief,
        sources=held.sources,
        provenance=held.provenance,
        makers=(ADA.person,),
        made_at=here.clock.now(),
        model_tokens=held.model_tokens,
    )


def _silent(record: Record) -> Any:
    """What the gates would say if they found nothing: length is the question here."""
    return replace(gates.check(record.brief, record.source), findings=())


def t11_marks_of_a_source_are_kept_and_passed_on(here: Host) -> None:
    """Code 1.2: a C2PA mark and an IPTC mark on the page reach every channel that names the source."""
    iptc = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
    page = f"""<html><head><meta name="c2pa" content="urn:c2pa:example-manifest"><script type="application/ld+json">
    {{"datePublished": "2026-10-01T00:00:00+00:00", "digitalSourceType": "{iptc}"}}</script></head>
    <article><p>The directive may reach 60 agencies by 3 December 2026, as it repeats.</p></article></html>"""
    read = read_page(
        page.encode(), url="https://example.org/marked", name="A", retrieved_at=RETRIEVED, openly_licensed=True
    )
    assert set(read.marks) == {"urn:c2pa:example-manifest", iptc}
    record = here.kept(read)
    assert set(record.provenance.sources[0].marks) == set(read.marks)
    here.reviewed(record.id)
    public = here.desk.publish(EDITH, record.id)
    feed = json.loads(channels(public)["briefs.json"])
    assert set(feed["items"][0]["_provenance"]["sources"][0]["marks"]) == set(read.marks)
    assert "urn:c2pa:example-manifest" in channels(public)["page"]
    assert "urn:c2pa:example-manifest" in here.desk.file(MEMBER, public.id, "brief.json").data.decode()


def t12_the_record_replays_to_the_same_gate_results(here: Host) -> None:
    """Pipeline, model, prompt, source and configuration are recorded; running again gives the same."""
    record = here.kept()
    held = record.provenance
    assert held.pipeline_version.startswith("comity ")
    assert held.model_id == "none"
    assert re.fullmatch(r"[0-9a-f]{64}", held.config_hash)
    assert held.sources[0].sha256 == record.source.sha256
    assert held.sources[0].text_sha256 == record.source.text_sha256
    assert [one.gate for one in held.gate_results][: len(Gate)] == [one.gate for one in publish.replayed(record)]
    assert publish.replayed(record) == held.gate_results
    assert draft(record.source) == draft(record.source)
    blocked = drafted_of(make_source(), brief=model_brief(make_source(), "The directive may reach 61 agencies."))
    assert [one.outcome for one in blocked.provenance.gate_results if one.gate == Gate.NUMBERS] == ["blocked"]


def t13_a_missing_date_is_unknown_and_never_today(here: Host) -> None:
    """50(4)(b): source name, address, author, both dates."""
    page = b"<html><title>Notice</title><p>The directive reaches 60 agencies, and more are named in a list.</p></html>"
    read = read_page(
        page, url="https://example.org/undated", name="Undated Agency", retrieved_at=RETRIEVED, openly_licensed=True
    )
    assert read.published_at is None
    record = here.kept(read)
    here.reviewed(record.id)
    public = here.desk.publish(EDITH, record.id)
    assert public.provenance.sources[0].published_at is None
    for name in ("text", "page", "print", "mail"):
        said = unfolded(name, channels(public)[name])
        assert "Published: unknown. Retrieved: 2026-11-01T09:30:00Z" in said, name
        assert "Author: unknown" in said, name
        assert "https://example.org/undated" in said, name
    assert '"dateCreated": "unknown"' in channels(public)["linked"]
    dated = here.published(make_source(author="Press Office"))
    assert f"Published: {PUBLISHED:%Y-%m-%d}" in channels(dated)["text"]
    assert "Author: Press Office" in channels(dated)["text"]


def t14_a_correction_and_a_withdrawal_are_visible_for_good(here: Host) -> None:
    """50(4)(b): note, CorrectionComment, new version, date_modified; a tombstone in the place of the words."""
    public = here.published()
    before = json.loads(channels(public)["briefs.json"])["items"][0]
    here.clock.pass_(hours=3)
    words = [line.text for line in public.lines]
    changed = [words[0].replace("60 agencies", "60 of the agencies"), *words[1:]]
    after = here.desk.correct(ADA, public.id, note="We left out two words.", title=public.title, sentences=changed)
    assert after.version == public.version + 1
    linked = json.loads(channels(after)["linked"])
    assert linked["correction"][0]["@type"] == "CorrectionComment"
    item = json.loads(channels(after)["briefs.json"])["items"][0]
    assert item["id"] == before["id"]
    assert item["date_modified"] > before["date_modified"]
    assert item["date_published"] == before["date_published"]
    for name, said in channels(after).items():
        assert "We left out two words." in unfolded(name, said), name
    assert words[0] in channels(after)["page"]
    here.clock.pass_(hours=1)
    gone = here.desk.withdraw(ADA, public.id, reason="The source took it back.")
    for name, said in channels(gone).items():
        plain = unfolded(name, said)
        assert "The source took it back." in plain, name
        assert "60 of the agencies" not in plain, name
        assert "Withdrawn" in plain, name
    assert "at:deleted-entry" in channels(gone)["briefs.atom"]
    stix = json.loads(here.desk.file(MEMBER, public.id, "brief.stix.json").data)
    assert stix["objects"][-1]["revoked"] is True


def t15_no_hidden_character_is_published(here: Host) -> None:
    """50(5): in words of ours and in every channel."""
    source = make_source()
    for mark in HIDDEN:
        bad = make_brief(TRUE, source, TRUE, title=f"What the{mark} notice says")
        assert Gate.CHARACTERS in {one.gate for one in gates.check(bad, source).findings}, repr(mark)
        record = here.kept(brief=replace(bad, id=f"b-{ord(mark):x}"))
        with pytest.raises(Conflict):
            here.reviewed(record.id)
    public = here.published()
    for name, said in channels(public).items():
        assert not hidden_in(unfolded(name, said)), name


def t16_the_label_is_accessible_without_colour_or_picture(here: Host) -> None:
    """50(5), Code section 2: words first, an accessible name, no picture; contrast is measured in the browser."""
    source = make_source()
    public = here.published(source, brief=model_brief(source))
    page = Elements(channels(public)["page"])
    named = page.first("p", "brief-label")
    assert named["text"].startswith("AI ")
    assert public.label in named["aria-label"]
    assert not page.holds("img")
    assert not page.holds("svg")
    assert not page.hidden()


def t17_only_clear_input_reaches_a_public_brief(here: Host) -> None:
    """FIRST TLP 2.0: a derived item is at least as strict as its strictest input, whatever the brief says of itself."""
    for number, (first, second, own) in enumerate(itertools.product(Tlp, Tlp, (Tlp.CLEAR, Tlp.AMBER))):
        sources = (
            make_source(tlp=first, url=f"https://example.org/{number}/a"),
            make_source(tlp=second, url=f"https://example.org/{number}/b"),
        )
        brief = replace(draft(sources[0]), tlp=own)
        record = replace(_unsafe(here, brief), sources=sources)
        strictest = max(first, second, own)
        if strictest is Tlp.CLEAR:
            review.publishable(record, _silent(record), needs_review=False)
        else:
            with pytest.raises(Conflict, match="TLP:CLEAR"):
                review.publishable(record, _silent(record), needs_review=False)
    green = here.kept(make_source(tlp=Tlp.GREEN, url="https://example.org/green"))
    with pytest.raises(Conflict):
        here.desk.publish(EDITH, green.id)


def t18_personal_information_is_taken_out_of_a_member_share(here: Host) -> None:
    """6 USC 1503(d)(2): planted data go, what stays has a reason, and failure stops the share."""
    planted = (
        "The directive may reach 60 agencies. Ask Ms. Jordan Example at jordan.example@agency.example or "
        "+1 202-555-0142. Her number is 078-05-1120. Write to 12 Elm Street for a copy of the notice."
    )
    source = make_source(text=planted, url="https://example.org/people", author="Alex Sample")
    words = tuple(Sentence(text=planted[one.start : one.end], spans=(one,)) for one in sentences(planted))
    brief = replace(model_brief(source), origin=Origin.HUMAN, bottom_line=words[0], paraphrase=words[1:])
    record = here.kept(source, brief=brief)
    made = here.desk.share(EDITH, record.id, organisation="member", legal_basis="sharing terms of the test")
    shared = here.desk.shared(MEMBER, made.secret).data.decode()
    for secret in ("jordan.example@agency.example", "202-555-0142", "078-05-1120", "12 Elm Street", "Jordan Example"):
        assert secret not in shared
    assert "Alex Sample" not in shared
    assert json.loads(shared)["personal_information_removed"]["e-mail address"] >= 1
    keep = {"jordan.example@agency.example": "the desk that operators are told to write to"}
    made = here.desk.share(EDITH, record.id, organisation="member", legal_basis="terms", keep=keep)
    shared = here.desk.shared(MEMBER, made.secret).data.decode()
    assert "jordan.example@agency.example" in shared
    assert json.loads(shared)["personal_information_kept"][0]["reason"].startswith("the desk")
    for bad in ({"jordan.example@agency.example": " "}, {"nobody@example.org": "a reason for nothing"}):
        with pytest.raises(Invalid, match="personal information"):
            here.desk.share(EDITH, record.id, organisation="member", legal_basis="terms", keep=bad)
    with pytest.raises(Invalid):
        here.desk.share(EDITH, record.id, organisation="member", legal_basis=" ")


RULES: dict[str, Callable[[Host], None]] = {
    name.partition("_")[0].upper(): check for name, check in list(globals().items()) if re.match(r"t\d\d_", name)
}


class Elements(HTMLParser):
    """The elements of a page in document order, with their attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[dict[str, str]] = []
        self._open: list[dict[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = {"tag": tag, "text": "", **{name: value or "" for name, value in attrs}}
        self.found.append(element)
        if tag not in {"br", "img", "input", "meta", "link", "hr"}:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()["tag"] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element["text"] += data

    def first(self, tag: str, class_: str) -> dict[str, str]:
        """The first element of this kind and class."""
        return next(one for one in self.found if one["tag"] == tag and class_ in one.get("class", "").split())

    def holds(self, tag: str) -> bool:
        """Whether any element of this kind is there."""
        return any(one["tag"] == tag for one in self.found)

    def hidden(self) -> bool:
        """Whether anything hides from a reader."""
        return any("hidden" in one or "style" in one or one.get("aria-hidden") for one in self.found)


def unfolded(name: str, said: str) -> str:
    """What a reader's program makes of a channel's bytes: decoded, entities resolved, lines joined."""
    if name == "mail":
        message = email.message_from_string(said, policy=default)
        return f"{message.get('Digital-Source-Type', '')}\n{message.get_content()}".replace("\r\n", "\n")
    if name in {"linked", "briefs.json"}:
        held = json.loads(said)
        if name == "linked":
            order = ("articleBody", "digitalSourceType", "creativeWorkStatus")
            return "\n".join(
                [*(str(held.get(key, "")) for key in order), json.dumps(held.get("correction", []), ensure_ascii=False)]
            )
        item = held["items"][0]
        return f"{item['content_text']}\n{item['title']}\n{item['_provenance']['digital_source_type']}"
    return html.unescape(said)
