"""Making a brief: what the keyless mode gives, what a model may add, and what falls back where everybody sees it."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.brief.conftest import RETRIEVED, make_brief, make_source
from tests.language.endpoint import Junk, Reply, Says, Silent, scripted

from comity.bench.brief import made_article
from comity.brief import flow_make, model_draft, told
from comity.brief.check.budget import Budget, mirrored, spent
from comity.brief.check.gates import check
from comity.brief.classify import classify
from comity.brief.draft import WHY_NO_PARAPHRASE, draft
from comity.brief.handover import as_draft
from comity.brief.label import label
from comity.brief.make import make
from comity.brief.mentions import mentions
from comity.brief.review import MODEL_TEXT_TOKENS, tokens
from comity.brief.taxonomy import BY_NAME, LEVEL2, NONE, TOPICS
from comity.model.article import Brief, Gate, Origin, Polarity, Sentence, Source, Span, Weight
from comity.model.asked import Why

LONG = (
    "The agency may extend its directive to 60 operators by 3 December 2026, according to a draft. "
    "Utilities asked for more time at a hearing in the capital. "
    "Northwind Gateway version 3.0.1 closes CVE-2026-10001, which attackers used against two ports.\n\n"
) + "Background on earlier notices fills the page and names nobody of importance to the story at hand.\n\n" * 12
GOOD = {
    "bottom_line": {
        "text": "A draft says that 60 operators may come under the directive, by 3 December 2026.",
        "rests_on": [0],
    },
    "paraphrase": [{"text": "Version 3.0.1 of Northwind Gateway fixes CVE-2026-10001.", "rests_on": [2]}],
    "class": "vulnerability",
}
needs_client = pytest.mark.skipif(find_spec("openai") is None, reason="peer not installed: openai (comity[models])")


def closed(text: str = LONG, **given: object) -> Source:
    return make_source(text, openly_licensed=False, licence="", **given)


def answer(**changed: Any) -> dict[str, Any]:
    return json.loads(json.dumps(GOOD)) | changed


def test_a_closed_source_gives_a_link_brief_with_one_short_quotation_and_its_reason() -> None:
    held = make([closed()])
    assert held.brief.paraphrase == ()
    assert held.brief.why_no_paraphrase == WHY_NO_PARAPHRASE
    assert held.brief.quote is not None
    quoted = held.brief.quote.text.removeprefix("The source writes: “").removesuffix("”")
    assert quoted in held.sources[0].text
    assert len(quoted.split()) <= Budget().quote_words
    assert not held.checked.blocked


def test_an_open_source_gives_an_extract_outside_the_copy_budget() -> None:
    held = make([make_source(LONG)])
    assert held.brief.paraphrase
    assert held.brief.quote is None
    assert all(sentence.text in held.sources[0].text for sentence in held.brief.sentences)
    assert held.checked.findings == ()


def test_text_and_document_begin_with_the_label_and_say_the_same() -> None:
    held = make([closed()])
    shown, document = told.text(held), told.document(held)
    said = label(held.brief, held.sources[0])
    assert shown.startswith(said + "\n")
    assert next(iter(document.items())) == ("label", said)
    assert document["bottom_line"]["text"] in shown
    assert document["checks"]["wording"] in shown
    assert "verified" not in shown.lower()
    assert json.loads(json.dumps(document)) == document


def test_the_same_sources_give_the_same_bytes() -> None:
    assert told.text(make([closed()])) == told.text(make([closed()]))
    assert make([closed()]).config_hash != make([closed()], budget=Budget(brief_words=100)).config_hash


def test_words_of_one_source_are_metered_over_the_week() -> None:
    held = make([closed()])
    used = spent(held.brief, held.sources[0])
    assert used == len(held.brief.quote.text.split()) - 3 if held.brief.quote else 0
    full = make([closed()], used_words=Budget().week_words)
    assert any("this week" in one.reason and one.weight is Weight.BLOCK for one in full.checked.findings)


def test_a_mirrored_order_is_shown() -> None:
    source = closed()
    spans = [Span(n * 10, n * 10 + 5) for n in range(5)]
    brief = make_brief("x", source, "The agency", paraphrase=tuple(Sentence(text="y", spans=(span,)) for span in spans))
    assert mirrored(brief) == 1.0
    assert "source's own order" in " ".join(one.reason for one in check(brief, source).findings)
    assert mirrored(make_brief("x", source, "The agency")) == 0.0


@needs_client
def test_a_models_words_stand_when_every_gate_lets_them_through() -> None:
    with scripted(Says(answer())) as served:
        held = flow_make.worded(make([closed()]), served.endpoint)
    brief = held.brief
    assert brief.origin is Origin.MODEL
    assert brief.bottom_line.text == LINE
    assert label(brief, held.sources[0]).startswith("AI-generated summary")
    assert brief.asked is not None
    assert (brief.asked.model, brief.asked.attempts, brief.asked.fell_back) == ("scripted-1", ("ok",), False)
    assert held.model_tokens == tokens(" ".join(one.text for one in brief.sentences))
    assert brief.title == make([closed()]).brief.title
    assert not held.checked.blocked


LINE = "A draft says that 60 operators may come under the directive, by 3 December 2026."
LIES: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong number": ({"bottom_line": {"text": LINE.replace("60", "90"), "rests_on": [0]}}, "numbers"),
    "an invented identifier": (
        {"paraphrase": [{"text": "Version 3.0.1 of Northwind Gateway fixes CVE-2026-99999.", "rests_on": [2]}]},
        "identifiers",
    ),
    "a link": (
        {
            "paraphrase": [
                {"text": "See https://attacker.example/ for Northwind Gateway version 3.0.1.", "rests_on": [2]}
            ]
        },
        "link",
    ),
    "the wrong span": ({"bottom_line": {"text": LINE, "rests_on": [1]}}, "numbers"),
    "a copied run": (
        {"paraphrase": [{"text": "Utilities asked for more time at a hearing in the capital.", "rests_on": [1]}]},
        "budget",
    ),
    "a hidden mark": (
        {"paraphrase": [{"text": "Version 3.0.1 fixes\u200b CVE-2026-10001.", "rests_on": [2]}]},
        "hidden",
    ),
    "too many words": (
        {
            "paraphrase": [
                {"text": "Northwind Gateway " + "closes a weakness " * 16 + "in version 3.0.1.", "rests_on": [2]}
                for _ in range(5)
            ]
        },
        "too_long",
    ),
}


@needs_client
@pytest.mark.parametrize(("lie", "code"), LIES.values(), ids=LIES)
def test_a_models_lie_is_refused_twice_and_the_keyless_draft_stands(lie: dict[str, Any], code: str) -> None:
    keyless = make([closed()])
    with scripted(Says(answer(**lie))) as served:
        held = flow_make.worded(keyless, served.endpoint)
    assert held.brief.origin is Origin.EXTRACTIVE
    assert held.brief.sentences == keyless.brief.sentences
    assert held.brief.asked is not None
    assert held.brief.asked.fell_back
    assert held.brief.asked.why is Why.NOT_HELD
    assert code in held.brief.asked.detail
    assert "without a model" in told.text(held)
    assert len(served.requests) == 2


@needs_client
@pytest.mark.parametrize(
    ("reply", "seconds", "why"), [(Junk("Sure!"), 20.0, Why.NOT_JSON), (Silent(3), 0.3, Why.TIMED_OUT)]
)
def test_a_model_that_fails_leaves_the_keyless_draft_and_a_visible_reason(
    reply: Reply, seconds: float, why: Why
) -> None:
    with scripted(reply, seconds=seconds) as served:
        held = flow_make.worded(make([closed()]), served.endpoint)
    assert held.brief.origin is Origin.EXTRACTIVE
    document = told.document(held)
    assert (document["model"]["fell_back"], document["model"]["why"]) == (True, str(why))


@pytest.mark.parametrize("count", [MODEL_TEXT_TOKENS, MODEL_TEXT_TOKENS + 1])
def test_t10_model_text_over_the_limit_without_a_watermark_is_no_draft(count: int) -> None:
    source = closed()
    word = "agency"
    value = {"bottom_line": {"text": " ".join([word] * count), "rests_on": [0]}, "paraphrase": [], "class": NONE}
    assert tokens(value["bottom_line"]["text"]) == count  # type: ignore[index]  # a dictionary of this test
    held = make([source])
    codes = {one.code for one in model_draft.judge(value, source, held.brief, held.kind)}
    assert ("too_long" in codes) is (count > MODEL_TEXT_TOKENS)


@needs_client
def test_a_reserved_source_is_never_sent_to_a_model() -> None:
    with scripted(Says(answer())) as served:
        held = flow_make.worded(make([closed(reservations=("meta tdm-reservation",))]), served.endpoint)
    assert served.requests == []
    assert held.brief.asked is not None
    assert "reserves reading by machines" in held.brief.asked.sentence


@needs_client
def test_a_model_judge_doubts_and_never_blocks_or_clears() -> None:
    keyless = make([closed()])
    verdicts = [{"n": n, "verdict": "not_supported"} for n in range(len(keyless.brief.sentences))]
    with scripted(Junk("no"), Junk("no"), Says({"verdicts": verdicts})) as served:
        held = flow_make.worded(keyless, served.endpoint, judge=True)
    assert held.checked.gates[-1] is Gate.JUDGE
    assert {one.weight for one in held.checked.findings if one.gate is Gate.JUDGE} == {Weight.WARN}
    assert not held.checked.blocked
    assert Gate.JUDGE not in keyless.checked.gates


def test_the_question_leaves_no_room_for_links_labels_or_classes_of_its_own() -> None:
    source = closed()
    schema = model_draft.plan(source, classify(source)).schema
    assert set(schema["properties"]) == {"bottom_line", "paraphrase", "class"}
    assert schema["additionalProperties"] is False
    rules = classify(source)
    assert set(schema["properties"]["class"]["enum"]) == {rules.primary, *rules.others, NONE}
    quiet = make_source("A quiet day on the coast, with some rain.", title="Weather")
    assert model_draft.plan(quiet, classify(quiet)).schema["properties"]["class"]["enum"] == [NONE]


def test_every_topic_of_the_second_level_stands_under_the_one_of_the_first() -> None:
    for topic in TOPICS:
        assert not topic.level2 or LEVEL2[topic.level2][0] == topic.level1


def test_a_class_shows_the_words_it_rests_on_and_where_they_stand() -> None:
    source = make_source(
        "Attackers exploited CVE-2026-10001 in the wild. The flaw is actively exploited.", title="A flaw"
    )
    found = classify(source)
    assert found.primary == "exploitation"
    assert {source.text[span.start : span.end].lower() for span in found.spans} <= set(found.because)
    assert found.iptc == BY_NAME["exploitation"].level1
    assert 0 < found.confidence <= 1


def test_an_unclear_text_stays_unclassified() -> None:
    found = classify(make_source("A quiet day on the coast, with some rain.", title="Weather"))
    assert (found.primary, found.confidence, found.genre) == (NONE, 0.0, "unclear")


def test_genre_is_apart_from_class() -> None:
    release = make_source("For immediate release. The vendor patched a vulnerability.", title="Vendor patches flaw")
    assert classify(release).genre == "press release"
    assert (
        classify(release).primary
        == classify(make_source("The vendor patched a vulnerability.", title="Vendor patches flaw")).primary
    )


def test_there_are_seventeen_classes_with_their_iptc_parents() -> None:
    assert len(TOPICS) == 17
    assert {topic.level1 for topic in TOPICS} == {"11000000", "02000000", "04000000", "13000000", ""}


def test_mentions_carry_spans_polarity_and_whether_they_are_only_suggested() -> None:
    text = (
        "Acme Gateway versions before 3.2.1 are hit by CVE-2026-10001, an out-of-bounds write. Malware beaconed to "
        "evil[.]example[.]com and 203.0.113.7. See the documentation at https://acme.example/notice. "
        "The victim site was https://bank.example/login. Phishing came first. "
        "The attackers hit the victim at 198.51.100.9."
    )
    found = {(one.kind, one.value): one for one in mentions(text)}
    assert found["cve", "CVE-2026-10001"].because == "exact pattern"
    assert found["cwe", "CWE-787"].suggested
    assert found["attack", "T1566"].suggested
    assert found["product", "Acme Gateway"].polarity is Polarity.UNKNOWN
    assert ("version", "Acme Gateway before 3.2.1") in found
    assert found["domain", "evil.example.com"].polarity is Polarity.ATTACKER
    assert found["ip", "203.0.113.7"].polarity is Polarity.ATTACKER
    assert found["url", "https://acme.example/notice"].polarity is Polarity.BENIGN
    assert found["url", "https://bank.example/login"].polarity is Polarity.VICTIM
    assert found["ip", "198.51.100.9"].polarity is Polarity.UNKNOWN
    for one in found.values():
        assert 0 <= one.span.start < one.span.end <= len(text)
    assert not [one for one in mentions("It is 999.1.1.1 or 1.2.3.4.5 of them.") if one.kind == "ip"]


def test_the_command_makes_a_brief_of_a_thousand_words_within_two_seconds(tmp_path: Path) -> None:
    path = tmp_path / "article.html"
    path.write_text(made_article(1000), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("comity")), "brief", "make", str(path), "--name", "Example Agency"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("Automatic extract of Example Agency, no AI text; not reviewed by a person.")
    document = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert document["checks"]["blocked"] is False
    assert document["sources"][0]["published_at"] == "unknown"


def test_replay_from_the_record_gives_the_same_gate_results() -> None:
    held = make([closed()])
    again = check(held.brief, held.sources[0], conflicts=held.conflicts)
    assert again == held.checked
    assert held.pipeline_version.endswith("gates/3")


def test_a_brief_without_a_source_is_refused() -> None:
    with pytest.raises(ValueError, match="source"):
        make([])


def test_the_draft_is_dated_by_its_source_alone() -> None:
    late = closed(retrieved_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert draft(late) == draft(closed(retrieved_at=RETRIEVED))
    assert isinstance(draft(late), Brief)


def test_a_made_brief_is_handed_over_with_all_it_was_made_from() -> None:
    one = closed(marks=("https://example.org/m.c2pa",), extractor="trafilatura/2 precision", published_from="meta")
    other = closed(LONG + " Reporting by our staff.", name="Copy Desk", url="https://copy.example/a")
    held = make([one, other])
    draft_ = as_draft(held)
    assert draft_.brief == held.brief
    assert [facts.independent_origin for facts in draft_.provenance.sources] == ["origin 1", "origin 1"]
    first = draft_.provenance.sources[0]
    assert (first.extractor, first.extractor_version) == ("trafilatura", "2 precision")
    assert first.marks == ("https://example.org/m.c2pa",)
    assert {row.gate for row in draft_.provenance.gate_results} == {str(gate) for gate in held.checked.gates}
    assert draft_.provenance.fallback == ""
    assert not any(entity.kind == "attack" for entity in draft_.entities)


def test_keep_puts_an_unreviewed_draft_into_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from comity.cli import commands

    path = tmp_path / "article.txt"
    path.write_text(LONG, encoding="utf-8")
    monkeypatch.setenv("COMITY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COMITY_KEYS", str(tmp_path / "keys"))
    assert commands.run(["brief", "make", str(path), "--name", "Example Agency", "--keep"]) == 0
    capsys.readouterr()
    assert commands.run(["brief", "list", "--drafts", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["state"], row["is_published"]) for row in rows] == [("unreviewed", False)]
