"""Each of T01 to T18 fails when its rule is broken: the rule is changed in this process, and the check turns red."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.brief.hosts import host
from tests.brief.rules import RULES

from comity.brief import fingerprint, label, publish, review, scrub
from comity.brief.channels import common, feeds, linked, mail, page, text
from comity.brief.check import gates
from comity.formats import personal
from comity.model import brief as records
from comity.model.article import Brief, Origin, Weight
from comity.model.handling import Tlp

Patch = pytest.MonkeyPatch
Break = Callable[[Patch], None]


def _swap(where: Any, name: str, other: Any) -> Break:
    return lambda patch: patch.setattr(where, name, other, raising=False)


def _close_without(**given: Any) -> Break:
    whole = review.close
    return _swap(review, "close", lambda *args, **more: whole(*args, **(more | given)))


def _no_plants(patch: Patch) -> None:
    whole = review.items
    patch.setattr(review, "items", lambda brief, *, planted, random: whole(brief, planted=0, random=random))


def _missed_is_fine(patch: Patch) -> None:
    whole = review.close

    def close(record: Any, checked: Any, **more: Any) -> Any:
        outcome = whole(record, checked, **more)
        return review.Rejected(outcome.record, ()) if isinstance(outcome, review.Voided) else outcome

    patch.setattr(review, "close", close)


def _without(function: Any, key: str) -> Callable[..., Any]:
    return lambda *args: {name: value for name, value in function(*args).items() if name != key}


def _kept_review(record: Any, brief: Any, *, by: str) -> Any:
    return replace(record, brief=replace(brief, version=record.brief.version + 1), makers=(*record.makers, by))


class _English(dict[str, Any]):
    """Knows every language, as English."""

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else self["en"]


def _no_reason(patch: Patch) -> None:
    whole = scrub.scrub

    def without(fields: Any, *, keep: Any, names: Any = ()) -> Any:
        return whole(fields, keep={text: why.strip() or "none" for text, why in keep.items()}, names=names)

    patch.setattr(scrub, "scrub", without)


def _label_last(patch: Patch) -> None:
    patch.setattr(text, "lead", lambda public: ())
    whole = text.render
    patch.setattr(text, "render", lambda public: whole(public) + public.label)


BROKEN: tuple[tuple[str, str, Break], ...] = (
    ("T01", "any origin is taken", _swap(Brief, "__post_init__", lambda _: None)),
    ("T02", "the page has no label", _swap(page, "_label", lambda _: "")),
    ("T02", "the text ends with the label", _label_last),
    ("T02", "feeds have no label", _swap(feeds, "lead", lambda _: ())),
    ("T03", "a label without AI", _swap(label, "_WORDS", {**label._WORDS, "en": label._WORDS["fr"]})),
    ("T03", "an unknown language is labelled in English", _swap(label, "_WORDS", _English(label._WORDS))),
    ("T04", "a record needs no evidence", _swap(records, "lacks", lambda _: ())),
    ("T04", "time does not count", _close_without(floor=timedelta(0))),
    ("T04", "the editor of record is filled in", _close_without(editor=("edith", "Edith"))),
    ("T04", "makers may review", _swap(review, "Forbidden", lambda *_: KeyError())),
    ("T04", "anybody closes a sitting", _swap(review, "_sitting", lambda record, _: record.sitting)),
    ("T05", "an edit keeps the review", _swap(review, "edited", _kept_review)),
    ("T05", "words do not count", _swap(review, "words_of", lambda _: "0" * 64)),
    ("T06", "no errors are planted", _no_plants),
    ("T06", "two seconds are enough", _close_without(floor=timedelta(seconds=1))),
    ("T06", "a missed planted error counts", _missed_is_fine),
    ("T07", "linked data bear no mark", _swap(linked, "describe", _without(linked.describe, "digitalSourceType"))),
    ("T07", "a model's text is marked as a template's", _swap(publish, "MARKS", dict.fromkeys(Origin, ""))),
    ("T07", "mail has another header", _swap(mail, "HEADER", "X-Other")),
    ("T08", "the label is not signed", _swap(publish, "document", _without(publish.document, "label"))),
    ("T09", "near is exact", _swap(fingerprint, "NEAR", 0)),
    ("T09", "everything is near", _swap(fingerprint, "NEAR", 256)),
    ("T09", "case counts", _swap(fingerprint, "normal", lambda words: words)),
    ("T10", "more tokens pass", _swap(review, "MODEL_TEXT_TOKENS", 250)),
    ("T10", "tokens are whole words by another count", _swap(review, "tokens", lambda words: len(words) // 20)),
    ("T11", "marks are dropped", _swap(publish, "source_facts", lambda one: replace(SOURCE_FACTS(one), marks=()))),
    ("T12", "the configuration is not recorded", _swap(publish, "config_hash", lambda: "")),
    (
        "T12",
        "gates answer by chance",
        _swap(publish, "results", lambda _: (records.GateResult(gate=str(object()), version="", outcome=""),)),
    ),
    ("T13", "an unknown date is today", _swap(common, "day", lambda at: (at or datetime.now(UTC)).date().isoformat())),
    ("T14", "corrections are not shown", _swap(text, "correction_lines", lambda _: ())),
    ("T14", "linked data bear no correction", _swap(linked, "describe", _without(linked.describe, "correction"))),
    (
        "T14",
        "a tombstone keeps the words",
        _swap(feeds, "body", lambda public: (*common.body(public), "60 of the agencies")),
    ),
    ("T15", "hidden characters pass", _swap(gates, "character_gate", lambda _: iter(()))),
    ("T15", "hidden characters only warn", _swap(gates, "_characters", lambda _: iter((_warned(),)))),
    (
        "T16",
        "the label has no name",
        _swap(page, "_label", lambda public: f'<p class="brief-label">{public.label}</p>'),
    ),
    (
        "T16",
        "the label is a picture",
        _swap(page, "_label", lambda _: '<p class="brief-label" role="note"><img src="ai.png"></p>'),
    ),
    ("T17", "every input counts as CLEAR", _swap(review, "max", lambda *_: Tlp.CLEAR)),
    ("T18", "addresses stay", _swap(personal, "PATTERNS", personal.PATTERNS[1:])),
    ("T18", "no reason is needed", _no_reason),
    ("T18", "names of authors stay", _swap(scrub, "found", lambda field, words, names=(): FOUND(field, words))),
)
"""(rule, what is broken, how)."""
SOURCE_FACTS = publish.source_facts
FOUND = scrub.found


def _warned() -> Any:
    from comity.brief.check.evidence import Mismatch

    return Mismatch("", "a hidden character", Weight.WARN)


def test_every_rule_has_a_mutation() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize(("rule", "what", "break_it"), BROKEN, ids=[f"{rule} {what}" for rule, what, _ in BROKEN])
def test_the_check_turns_red_when(
    rule: str, what: str, break_it: Break, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert what
    break_it(monkeypatch)
    with host(tmp_path) as here, pytest.raises((AssertionError, Exception, pytest.fail.Exception)):
        RULES[rule](here)
