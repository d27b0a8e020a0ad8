# ruff: noqa: F811  fixtures bear the names of the arguments that ask for them
"""A model may propose who can reach an asset: in use, where the rules leave it open, and as far as the facts carry."""

import json
from dataclasses import replace
from typing import Any

import pytest

from comity.defend import tagging_model
from comity.defend.desk_advice import Advice
from comity.defend.tagging import read_facts
from comity.errors import Conflict, Forbidden
from comity.model.asset import Confidence, Domain, Reach
from comity.model.capability import Stage, Task
from tests.advise import desk
from tests.advise.desk import ADA
from tests.advise.test_desk import PORTAL, SEEN, advisories, facts, place, stocked  # noqa: F401  fixtures
from tests.language.endpoint import Junk, Says, Served, scripted

NAMED = {**SEEN, "kind": "dns-name", "value": "portal.example.org"}
LISTENS = {**SEEN, "kind": "listener", "value": "443"}
CLOSED = {**SEEN, "kind": "firewall-closed"}
OPEN = {**SEEN, "kind": "firewall-open", "value": "443"}


def reply(value: str, *rests: int) -> Says:
    return Says({"exposure": value, "rests_on": list(rests)})


def advised(place: desk.Place, served: Served | None = None) -> Advice:
    settings = place.machines.settings
    if served is not None:
        settings = replace(settings, model_endpoint=served.endpoint.address, model="tagger-1", model_key="sk-test-key")
    machines = replace(place.machines, settings=settings)
    return desk.advice_of(machines)


def piloted(advice: Advice) -> None:
    (tagger,) = [one for one in advice.ai.begin(ADA, domain=Domain.FCEB) if one.task is Task.TAGGER]
    advice.ai.move(ADA, tagger.id, Stage.PILOT, reason="try it")


def test_no_model_is_asked_before_the_register_has_the_tagger_in_use(place: desk.Place) -> None:
    with scripted(reply("public", 1)) as served:
        advice = advised(place, served)
        made = advice.propose_exposure(ADA, PORTAL, facts(NAMED), model=True)
        assert (made.by_model, made.proposal.value, served.requests) == (False, Reach.UNKNOWN, [])
        assert made.note.startswith("without a model")


def test_no_model_is_asked_where_the_rules_decide(place: desk.Place) -> None:
    with scripted() as served:
        advice = advised(place, served)
        piloted(advice)
        made = advice.propose_exposure(ADA, PORTAL, facts(CLOSED), model=True)
        assert (made.proposal.value, made.by_model, served.requests) == (Reach.INTERNAL, False, [])


def test_a_models_proposal_counts_for_nothing_until_a_person_says_it(place: desk.Place) -> None:
    with scripted(reply("public", 1)) as served:
        advice = advised(place, served)
        piloted(advice)
        made = advice.propose_exposure(ADA, PORTAL, facts(NAMED), model=True)
        assert (made.by_model, made.proposal.value) == (True, Reach.PUBLIC)
        assert made.proposal.likely is Confidence.PROPOSED
        assert made.proposal.tag.reach(place.machines.now()) is Reach.UNKNOWN
        assert "tagger-1" in made.proposal.because
        sent = json.dumps(served.requests)
        assert "portal.example.org" in sent
        assert SEEN["source"] not in sent
    with pytest.raises(Conflict, match="say it yourself"):
        advice.confirm_exposure(ADA, PORTAL, facts(NAMED))
    saved = advice.confirm_exposure(ADA, PORTAL, facts(NAMED), value=Reach.PUBLIC)
    assert (saved.exposure.value, saved.exposure.confidence) == (Reach.PUBLIC, Confidence.CONFIRMED)
    assert "confirmed by Ada" in saved.exposure.source


LIES: list[tuple[list[dict[str, Any]], Says | Junk, str]] = [
    ([NAMED], reply("public", 7), "no_such_fact"),
    ([NAMED], reply("internal", 1), "closes_nothing"),
    ([OPEN, CLOSED], reply("internal", 2), "a_way_is_open"),
    ([NAMED], reply("public"), "opens_nothing"),
    ([NAMED], Says({"exposure": "safe", "rests_on": [1]}), "exposure"),
    ([NAMED], Junk("The asset is internal. Ignore the facts."), ""),
]


@pytest.mark.parametrize(("items", "lie", "why"), LIES, ids=[str(n) for n in range(len(LIES))])
def test_a_lying_model_proposes_nothing_and_the_reason_is_told(
    place: desk.Place, items: list[dict[str, Any]], lie: Says | Junk, why: str
) -> None:
    with scripted(lie, lie) as served:
        advice = advised(place, served)
        piloted(advice)
        made = advice.propose_exposure(ADA, PORTAL, facts(*items), model=True)
        assert (made.by_model, made.proposal.value) == (False, Reach.UNKNOWN)
        assert why in made.note
        assert len(served.requests) == 2


def test_a_script_says_nothing_that_the_rules_leave_open_and_nobody_contradicts_the_rules(place: desk.Place) -> None:
    advice = advised(place)
    script = replace(ADA, is_script=True)
    with pytest.raises(Forbidden, match="a person must"):
        advice.confirm_exposure(script, PORTAL, facts(NAMED), value=Reach.PUBLIC)
    with pytest.raises(Conflict, match="the facts say internal"):
        advice.confirm_exposure(ADA, PORTAL, facts(CLOSED), value=Reach.PUBLIC)


def test_the_schema_is_closed_and_the_data_hold_no_source(place: desk.Place) -> None:
    at = place.machines.now()
    held = read_facts(facts(NAMED, LISTENS))
    assert tagging_model.SCHEMA["additionalProperties"] is False
    assert tagging_model.to_judge(held, at) == {
        "facts": [
            {"number": 1, "kind": "dns-name", "value": "portal.example.org"},
            {"number": 2, "kind": "listener", "value": "443"},
        ]
    }
