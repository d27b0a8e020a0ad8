"""A card: every section or the reason why not, numbers anybody works out again, and no byte that can be changed."""

import contextlib
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from comity.assess import card_data
from comity.assess.card import ALWAYS, SECTIONS, Facts, compose
from comity.assess.flow_card import open_card, sign
from comity.assess.page import page
from comity.assess.protocol import Budget, Entry, Protocol, as_json, bank, digest, from_json
from comity.assess.recompute import recompute
from comity.errors import Invalid, Tampered
from comity.sealing.keys import PublicKey, SigningKey, read_public

AT = datetime(2026, 11, 25, 15, tzinfo=UTC)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = SigningKey(
    private=PRIVATE,
    public=PublicKey(raw=PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), organisation="Test host"),
)
ENTRIES = tuple(
    Entry(
        id=f"i{n}",
        family=("parser", "machine", "build")[n % 3],
        minutes=float(2 ** (n % 10)),
        side=("offence", "defence")[n % 2],
        target=f"t{n // 2}",
    )
    for n in range(60)
)
PROTOCOL = Protocol(
    subject="scripted subject, not an AI model",
    level="C1",
    battery="test",
    battery_root="a" * 64,
    items=len(ENTRIES),
    budget=Budget(stages=(10_000, 100_000), price_in=2.0, price_out=10.0),
)


def rows(able_log2: float = 5.0, *, number: int = 60, bend: str = "") -> list[dict]:
    """Runs of a simulated subject: it solves what is shorter than 2^able_log2 minutes, with some noise."""
    generator = np.random.default_rng(7)
    out = []
    for entry in ENTRIES[:number]:
        solved = generator.random() < 1 / (1 + np.exp(1.2 * (np.log2(entry.minutes) - able_log2)))
        outcome = "solved" if solved else "failed"
        if bend and generator.random() < 0.4:
            outcome = bend
        tokens = int(1000 * entry.minutes**0.5)
        out.append(
            {
                "item": entry.id,
                "stage": 0,
                "retry": 0,
                "outcome": outcome,
                "tokens": tokens,
                "input_tokens": tokens // 2,
                "output_tokens": tokens - tokens // 2,
                "seconds": 1.0,
                "turns": 2,
                "note": "",
            }
        )
    return out


def card(facts: Facts | None = None, *, runs: list[dict] | None = None, threshold: float | None = 8.0, **more: object):
    return compose(
        facts or Facts(reasons={"threat_model": "not agreed on"}),
        PROTOCOL,
        entries=ENTRIES,
        bank=bank(ENTRIES),
        runs=rows() if runs is None else runs,
        threshold_minutes=threshold,
        ended="the stopping rule was met",
        level_sentence="C1: programs ran in user namespaces.",
        machine={},
        signers=[KEY.public.id],
        at=AT,
        **more,  # type: ignore[arg-type]  # a test's own choice
    )


@pytest.fixture(scope="module")
def made() -> dict:
    return card()


def test_every_section_is_there_done_or_with_its_reason(made):
    assert list(made["sections"]) == list(SECTIONS)
    for key, section in made["sections"].items():
        assert section["done"] != bool(section["reason"]), key
        assert section["done"] == bool(section["items"]), key
    assert made["sections"]["threat_model"] == {"done": False, "reason": "not agreed on", "items": {}}
    assert made["sections"]["comment"]["reason"] == "nobody gave it"


def test_the_sentences_that_always_stand_there_do(made):
    said = made["sections"]["limits"]["items"]["sentences"]
    assert set(ALWAYS) < set(said)
    assert any("sandbagging" in sentence for sentence in said)


def test_what_people_gave_stands_beside_it():
    facts = Facts(comment="We disagree about family build.", comment_by="the developer", access_withheld=("weights",))
    told = card(facts)["sections"]
    assert told["comment"]["items"] == {"text": "We disagree about family build.", "by": "the developer"}
    assert told["access"]["items"] == {"given": ["nothing"], "withheld": ["weights"]}


@pytest.mark.parametrize(
    ("able", "threshold", "finding"),
    [(7.5, 4.0, "meets"), (0.5, 64.0, "does_not_meet"), (5.0, None, "estimate_only"), (5.0, 4000.0, "above_ceiling")],
)
def test_the_rule_gives_its_finding(able, threshold, finding):
    worked = card(runs=rows(able), threshold=threshold)["numbers"]
    assert worked["determination"]["finding"] == finding
    assert (worked["rule"] is None) == (threshold is None)


@pytest.mark.parametrize("bend", ["refused", "cheated"])
def test_a_subject_that_refuses_or_cheats_is_shown_as_such_and_indeterminate(bend):
    worked = card(runs=rows(7.5 if bend == "refused" else 2.0, bend=bend), threshold=24.0)["numbers"]
    assert worked["outcomes"]["counts"][bend] > 10
    assert worked["determination"]["finding"] == "indeterminate"
    assert any(bend[:5] in reason or "disagree" in reason for reason in worked["determination"]["reasons"])


def test_drift_makes_it_indeterminate():
    told = card(runs=rows(7.5), threshold=4.0, drift=True)["numbers"]["determination"]
    assert (told["finding"], "changed during the window" in told["reasons"][0]) == ("indeterminate", True)


def test_nothing_is_printed_beyond_the_ceiling(made):
    ceiling = made["numbers"]["determination"]["ceiling_minutes"]
    for reading in card(runs=rows(12.0), threshold=None)["numbers"]["determination"]["readings"]:
        assert max(reading["horizon_minutes"], reading["high_minutes"]) <= ceiling


def test_error_rates_of_the_rule_are_simulated_on_this_battery(made):
    table = {row["doublings"]: row for row in made["numbers"]["rule"]["rows"]}
    assert table[4.0]["wrong"] <= 0.05
    assert table[-4.0]["wrong"] <= 0.05
    assert all(abs(row["above"] + row["below"] + row["open"] - 1) < 1e-12 for row in table.values())


def test_money_is_counted_when_prices_are_known(made):
    cost = made["numbers"]["cost"]
    assert cost["money"] == pytest.approx((cost["input_tokens"] * 2 + cost["output_tokens"] * 10) / 1e6)


def test_a_campaign_without_a_run_has_a_card_that_says_so():
    told = card(runs=[])
    assert told["sections"]["estimates"]["reason"] == "no run was finished"
    assert told["numbers"]["determination"]["finding"] == "indeterminate"
    assert recompute(told).same
    assert "no run was finished" in page(told)


def test_a_protocol_is_read_back_whole_and_its_digest_sees_every_field():
    assert from_json(as_json(PROTOCOL)) == PROTOCOL
    assert digest(replace(PROTOCOL, seed=1)) != digest(PROTOCOL)
    with pytest.raises(Invalid):
        from_json({**as_json(PROTOCOL), "more": 1})


def test_recompute_gives_the_same_numbers_and_sees_every_changed_one(made):
    assert recompute(made).same
    for place in (
        ("numbers", "determination", "finding"),
        ("numbers", "determination", "ceiling_minutes"),
        ("numbers", "fit", "p50"),
        ("numbers", "cost", "tokens"),
        ("sections", "rule", "items", "finding"),
        ("data", "runs", 3, "outcome"),
        ("data", "items", 0, "minutes"),
        ("data", "threshold_minutes"),
        ("protocol_digest",),
    ):
        changed = json.loads(json.dumps(made))
        at = changed
        for key in place[:-1]:
            at = at[key]
        old = at[place[-1]]
        at[place[-1]] = {"outcome": "solved" if old == "failed" else "failed"}.get(
            str(place[-1]), old * 1.001 if isinstance(old, float) else "x" if isinstance(old, str) else old + 1
        )
        assert not recompute(changed).same, place


def test_numbers_of_another_processor_may_part_in_the_last_places_only(made):
    changed = json.loads(json.dumps(made))
    changed["numbers"]["fit"]["p50"] *= 1 + 1e-12
    assert recompute(changed).same


def test_a_signed_card_opens_with_its_key_and_names_another(made):
    file = sign(made, KEY)
    assert open_card(file).key.id == KEY.public.id
    assert open_card(file, trusted=read_public(KEY.public.export())).trusted
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    with pytest.raises(Tampered, match="not by the key you named"):
        open_card(file, trusted=PublicKey(raw=stranger))


def test_no_byte_of_a_card_file_can_be_changed_added_or_taken(made):
    file = sign(made, KEY)
    generator = random.Random(14409)
    places = [*range(40), *range(len(file) - 400, len(file)), *generator.sample(range(len(file)), 300)]
    for place in places:
        changed = bytearray(file)
        changed[place] ^= generator.choice((1, 2, 32, 128))
        with pytest.raises((Tampered, Invalid)):
            open_card(bytes(changed))
    for other in (file + b" ", b" " + file, file[:-1], file.replace(b",", b", ", 1)):
        with pytest.raises(Tampered):
            open_card(other)


def test_recompute_needs_nothing_but_the_card_file(made, tmp_path):
    """A fresh process in an empty folder, with its own home and no store, key or battery."""
    path = tmp_path / "card.json"
    path.write_bytes(sign(made, KEY))
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COMITY_DATA": str(tmp_path / "none")}
    command = [sys.executable, "-m", "comity", "assess", "recompute", str(path)]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.startswith("same: ")) == (0, True), done.stdout + done.stderr
    assert "Test host" in done.stdout
    assert sorted(item.name for item in tmp_path.iterdir()) == ["card.json"]
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "does not verify" in done.stderr) == (1, True), done.stdout + done.stderr


def test_the_page_shows_every_section_and_stands_alone(made):
    drawn = page(made, key_id=KEY.public.id)
    for title in SECTIONS.values():
        shown = title.replace("'", "&#39;")
        assert f">{shown}</h2>" in drawn
    assert "<script" not in drawn
    assert "src=" not in drawn
    assert drawn.count("<svg") == 4
    assert page(made, key_id=KEY.public.id) == drawn


def test_words_of_strangers_do_not_break_out_of_the_page():
    drawn = page(card(Facts(comment="<script>alert(1)</script>", model='"><img src=x>')))
    assert "<script" not in drawn
    assert "<img" not in drawn


def test_no_word_of_a_card_judges_a_release(made):
    said = page(made).lower()
    for word in ("approved", "denied", "blocked", "licensed", "cleared for", "certified"):
        assert word not in said


def test_what_is_no_card_is_refused(made):
    with pytest.raises(Invalid, match="no card"):
        recompute({"schema": "other"})
    broken = json.loads(json.dumps(made))
    del broken["data"]["bank"]
    with pytest.raises(Invalid):
        recompute(broken)
    for junk in (b"", b"{}", b"[1]", Path(__file__).read_bytes()):
        with pytest.raises((Tampered, Invalid)):
            open_card(junk)


def test_a_battery_too_small_for_a_ceiling_claims_no_horizon():
    few = ENTRIES[:4]
    told = compose(
        Facts(),
        replace(PROTOCOL, items=4),
        entries=few,
        bank=bank(few),
        runs=[{**row, "outcome": "failed", "tokens": 100_000} for row in rows(number=4)],
        threshold_minutes=None,
        ended="every item was given",
        level_sentence="C1",
        machine={},
        signers=[],
        at=AT,
    )
    assert told["numbers"]["determination"]["estimate"].startswith("none")
    assert "too few items" in page(told)
    assert recompute(told).same
    assert told["sections"]["signatures"]["reason"] == "not signed yet"


def test_guessed_minutes_are_called_an_uncalibrated_prior_and_widen_what_is_printed():
    from comity.assess.adaptive import Policy

    wary = replace(PROTOCOL, policy=Policy(margin_log2=1.0))
    made = compose(
        Facts(), wary, entries=ENTRIES, bank=bank(ENTRIES), runs=rows(), threshold_minutes=8.0, ended="",
        level_sentence="", machine={}, signers=(), at=AT,
    )  # fmt: skip
    prior, reading = made["numbers"]["prior"], made["numbers"]["determination"]["readings"][0]
    assert prior["low_minutes"] == pytest.approx(reading["low_minutes"] / 2)
    assert prior["high_minutes"] >= reading["high_minutes"]
    assert [row["family"] for row in prior["rows"]] == ["build", "machine", "parser"]
    assert all(row["one_item_factor"] > 15 for row in prior["rows"])
    drawn = page(made)
    assert "uncalibrated prior" in drawn
    assert "No person was timed" in drawn
    assert "asked for no such margin" in page(card())


FORGED = (
    ("sections", "estimates", "items", "estimate"),
    ("sections", "rule", "items", "reasons", 0),
    ("sections", "rule", "items", "threshold in minutes"),
    ("sections", "cost", "items", "tokens"),
    ("sections", "outcomes", "items", "counts", "cheated"),
    ("sections", "ceiling", "items", "ceiling in minutes"),
    ("sections", "battery", "items", "sealed root"),
    ("sections", "elicitation", "items", "token stages"),
    ("sections", "validity", "items", "cheating"),
    ("sections", "limits", "items", "sentences", 0),
    ("sections", "sensitivity", "done"),
    ("subject",),
)


def test_no_section_of_a_signed_card_can_say_another_thing_than_its_numbers():
    made = card(runs=rows(5.0, bend="cheated"))
    assert recompute(made).same
    for place in FORGED:
        forged = json.loads(json.dumps(made))
        at = forged
        for key in place[:-1]:
            at = at[key]
        old = at[place[-1]]
        at[place[-1]] = False if isinstance(old, bool) else old + 1 if isinstance(old, int | float) else "no more"
        found = recompute(open_card(sign(forged, KEY)).card)
        assert any(one.startswith("/" + "/".join(map(str, place[:2]))) for one in found.differences), place
    more = json.loads(json.dumps(made))
    more["sections"]["estimates"]["items"]["in truth"] = "far more"
    assert not recompute(more).same


def test_no_data_in_a_strangers_card_ends_or_stalls_whoever_recomputes_it():
    """Every field of the data in turn, out of shape or range; the whole must be told as no card's data, at once."""
    few = ENTRIES[:12]
    made = compose(
        Facts(), replace(PROTOCOL, items=12), entries=few, bank=bank(few), runs=rows(number=12), threshold_minutes=8.0,
        ended="", level_sentence="", machine={}, signers=["k"], at=AT,
    )  # fmt: skip
    odd = (None, "x", -1, 1e308, -1e308, [], {}, 2**53, "x" * 6000)
    tried = 0
    for place in _places(made["data"]):
        for value in odd:
            bent = json.loads(json.dumps(made["data"]))
            at = bent
            for key in place[:-1]:
                at = at[key]
            fits = isinstance(at[place[-1]], str) and isinstance(value, str) and len(value) < 6000
            fits = fits or (value == -1 and PLACED & set(place) and not isinstance(at[place[-1]], list))
            if fits or (value is None and place[-1] in NULLABLE) or (value == [] and place[-1] in EMPTY):
                continue
            at[place[-1]] = value
            tried += 1
            with pytest.raises(Invalid, match="no card's data"):
                card_data.check(bent)
    assert tried > 600
    with pytest.raises(Invalid):
        recompute({**made, "data": {**made["data"], "runs": [*made["data"]["runs"], made["data"]["runs"][0]]}})
    for gone in ("items", "runs"):
        cut = json.loads(json.dumps(made))
        del cut["data"][gone][-1]
        with pytest.raises(Invalid) if gone == "items" else contextlib.nullcontext():
            assert not recompute(cut).same


NULLABLE = {"threshold_minutes", "most_runs", "most_cost", "price_in", "price_out", "chance"}
PLACED = {"c0", "difficulty", "calibrators"}
"""On the scale of abilities, which has no zero of its own."""
EMPTY = {"deviations", "flags", "runs"}


def _places(value, at=()):
    """Every field, and the first of every list."""
    if at:
        yield at
    for key in value if isinstance(value, dict) else range(min(1, len(value))) if isinstance(value, list) else ():
        yield from _places(value[key], (*at, key))
