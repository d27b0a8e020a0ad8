"""Advice at the counter: real advisories in a real store, others' rows hidden, a model that lies, tools that read."""

import asyncio
import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from comity.admin import mirrors
from comity.admin.trail import Trail
from comity.cli import mcp_server
from comity.defend.desk import Defend
from comity.defend.desk_advice import EXPORTS, Advice
from comity.defend.desk_ai import AiDefence
from comity.defend.desk_attest import Attest, verify
from comity.defend.flow_register import Document, register_document
from comity.defend.plan import compose
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import oscal
from comity.model.asset import Asset, Confidence, Domain, ExposureTag, Reach, Runs
from comity.model.capability import Stage, Task
from comity.model.ids import AssetId
from comity.model.remedy import Standing
from comity.sealing import keys
from comity.store import inventories
from tests.advise import desk
from tests.advise.desk import ADA, BOB, COORDINATOR, NED, START
from tests.language.endpoint import Junk, Says, scripted

PORTAL = AssetId("A-0000-0000-0001")
BOM = json.dumps(
    {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [
            {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
            for name, version in (("requests", "2.19.0"), ("jinja2", "3.1.6"))
        ],
    }
).encode()


@pytest.fixture(scope="module")
def advisories(corpora: Path) -> bytes:
    """PyPA's records about two packages (CC BY 4.0), the newest dated to the tests' own time."""
    with gzip.open(corpora / "advisories" / "pypa.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    held = [r for r in records if {a["package"]["name"] for a in r["affected"]} & {"requests", "jinja2"}]
    held[0]["modified"] = START.strftime("%Y-%m-%dT%H:%M:%SZ")
    return "\n".join(map(json.dumps, held)).encode()


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, advisories: bytes) -> Path:
    """The folder of a desk with one asset, made once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("stocked")
    with desk.opened(folder) as held:
        stock(held, advisories)
    return folder


@pytest.fixture
def place(stocked: Path, tmp_path: Path) -> Iterator[desk.Place]:
    shutil.copytree(stocked, tmp_path / "desk")
    with desk.opened(tmp_path / "desk", stocked=True) as held:
        yield held


def stock(held: desk.Place, advisories: bytes) -> None:
    kev = {"dateReleased": START.isoformat(), "count": 0, "vulnerabilities": []}
    mirrors.take_in(held.store, advisories, at=START)
    mirrors.take_in(held.store, json.dumps(kev).encode(), at=START)
    made: Any = register_document(
        held.machines, ADA, Document(name="bom.json", data=BOM), name="portal", domain=Domain.FCEB
    )
    with held.store.write() as tx:
        inventories.add_assets(
            tx,
            [
                Asset(
                    id=PORTAL,
                    organisation=ADA.organisation,
                    domain=Domain.FCEB,
                    name="Billing portal",
                    owner="Sam, 555-0100",
                    exposure=ExposureTag(value=Reach.PUBLIC, confidence=Confidence.CONFIRMED, source="scan", at=START),
                    runs=(Runs(inventory=made.inventory.id, since=START),),
                    added_at=START,
                    changed_at=START,
                )
            ],
        )


@pytest.fixture
def advice(place: desk.Place) -> Advice:
    return desk.advice_of(place.machines)


def test_a_plan_of_real_advisories_holds_and_names_the_proven_upgrade(advice: Advice) -> None:
    view = advice.plan(ADA, PORTAL)
    said = [one.text for one in view.plan.sentences]
    assert said[0].startswith('Vulnerabilities to treat on "Billing portal": ')
    assert any(text.startswith('Upgrade requests on "Billing portal" from 2.19.0 to 2.31.0') for text in said)
    assert not [text for text in said if "jinja2" in text.lower()]
    assert all(view.records(one.cites) for one in view.plan.sentences)
    assert view.plan.worded_by == ""


@pytest.mark.parametrize("other", [BOB, NED])
def test_somebody_elses_asset_is_no_asset(advice: Advice, other: Any) -> None:
    for ask in (advice.plan, advice.one_page):
        with pytest.raises(Missing):
            ask(other, PORTAL)
    assert advice.remedies(other) == ()
    with pytest.raises(Missing):
        advice.propose_exposure(other, PORTAL, b"[]")


def test_a_coordinator_gets_no_advice(advice: Advice) -> None:
    with pytest.raises(Forbidden):
        advice.plan(COORDINATOR, PORTAL)
    with pytest.raises(Forbidden):
        advice.export(COORDINATOR, "cdm")


def test_one_page_says_one_action_and_has_the_facts_of_the_analysts_list(advice: Advice) -> None:
    """The twin test: what the operator reads and what the analyst reads come from the same values."""
    page = advice.one_page(ADA, PORTAL)
    remedies = advice.remedies(ADA, asset=PORTAL)
    assert page.remedies == remedies
    first = next(one for one in remedies if one.standing is Standing.OPEN)
    assert (page.action, page.by) == (first.action, first.due)
    assert page.others == len(remedies) - 1
    assert page.contact == "Sam, 555-0100"
    above = f"{page.when} {page.action} {page.meanwhile}"
    assert not [word for word in ("CVE", "CVSS", "KEV", "PYSEC", "vulnerab") if word in above]


def test_every_export_is_made_from_the_same_findings(advice: Advice) -> None:
    open_ = [one for one in advice.remedies(ADA) if one.standing is not Standing.DONE]
    plan = oscal.read(advice.export(ADA, "oscal").data)
    assert len(plan.items) == len(open_)
    for kind in ("cdm", "fedramp-poam", "fedramp-vdr"):
        assert advice.export(ADA, kind).data.count(b"\r\n") == len(open_) + 1
    assert advice.export(ADA, "ics").data.count(b"BEGIN:VEVENT") == sum(one.due is not None for one in open_)
    with pytest.raises(Missing):
        advice.export(ADA, "exe")
    for kind in (one for one in EXPORTS if one.endswith("vex")):
        with pytest.raises(Invalid):
            advice.export(ADA, kind)
    with pytest.raises(Invalid, match="nothing open"):
        advice.export(BOB, "oscal")


def test_a_snapshot_of_the_desk_is_computed_again_by_a_third_party(place: desk.Place) -> None:
    key = keys.signing_key(place.machines.settings)
    attest = Attest(machines=place.machines, key=key)
    made = attest.make(ADA)
    held = verify(made.data, [key.public])
    assert held.summary["components"]["affected"] == 1
    assert held.summary["findings"] == held.deadlines > 1
    assert b"Billing portal" not in made.data
    with pytest.raises(Invalid, match="register an inventory"):
        attest.make(BOB)


# Exposure


SEEN = {"kind": "scan-from-outside", "source": "outside scan", "at": "2026-12-10T10:00:00Z"}


def facts(*items: dict[str, str]) -> bytes:
    return json.dumps(items).encode()


@pytest.mark.parametrize(
    ("kinds", "value"),
    [
        (["scan-from-outside"], Reach.PUBLIC),
        (["public-address", "listener"], Reach.PUBLIC),
        (["public-address"], Reach.UNKNOWN),
        (["listener", "firewall-open"], Reach.PUBLIC),
        (["firewall-closed"], Reach.INTERNAL),
        (["no-route"], Reach.INTERNAL),
        (["no-route", "public-address"], Reach.UNKNOWN),
        (["firewall-closed", "scan-from-outside"], Reach.PUBLIC),
        (["firewall-closed", "firewall-open"], Reach.UNKNOWN),
        (["dns-name"], Reach.UNKNOWN),
    ],
)
def test_facts_propose_who_can_reach_an_asset(advice: Advice, kinds: list[str], value: Reach) -> None:
    items = [{**SEEN, "kind": kind, "value": "203.0.114.9" if kind == "public-address" else ""} for kind in kinds]
    proposal = advice.propose_exposure(ADA, PORTAL, facts(*items)).proposal
    assert proposal.value is value
    assert proposal.tag.reach(START) is Reach.UNKNOWN, "a proposal counts as unknown"


def test_a_person_confirms_and_the_tag_ends_with_its_facts(advice: Advice, place: desk.Place) -> None:
    closed = {**SEEN, "kind": "no-route", "expires_at": "2026-12-12T00:00:00Z"}
    saved = advice.confirm_exposure(ADA, PORTAL, facts(closed))
    assert saved.exposure.confidence is Confidence.CONFIRMED
    assert "confirmed by Ada" in saved.exposure.source
    assert saved.exposure.reach(START) is Reach.INTERNAL
    assert saved.exposure.reach(START + timedelta(days=2)) is Reach.UNKNOWN
    with pytest.raises(Conflict):
        advice.confirm_exposure(ADA, PORTAL, facts({**SEEN, "kind": "dns-name"}))


def test_facts_that_cannot_be_read_are_named_by_place(advice: Advice) -> None:
    bad = facts(
        {**SEEN, "kind": "guess"},
        {"kind": "listener", "at": "now", "source": ""},
        {**SEEN, "kind": "public-address", "value": "10.0.0.1"},
    )
    with pytest.raises(Invalid) as refused:
        advice.propose_exposure(ADA, PORTAL, bad)
    places = {problem.pointer for problem in refused.value.problems}
    assert places == {"/facts/0/kind", "/facts/1/at", "/facts/1/source", "/facts/2/value"}


# A model that words the plan


def begun(place: desk.Place) -> AiDefence:
    ai = AiDefence(machines=place.machines)
    planner = ai.begin(ADA, domain=Domain.FCEB)[0]
    ai.move(ADA, planner.id, Stage.PILOT, reason="try it")
    return ai


def wordings(place: desk.Place) -> list[Says]:
    """What an honest model answers, chunk by chunk: every sentence as it is, one with a kinder word."""
    from comity.defend import flow_advice, flow_models
    from comity.defend.plan import to_word

    with place.store.read() as tx:
        held = flow_advice.gather(tx, place.machines, ADA, PORTAL)
    made = compose(held.pack, held.tables)
    chunks = []
    for start in range(0, len(made.sentences), flow_models.AT_ONCE):
        part = replace(made, sentences=made.sentences[start : start + flow_models.AT_ONCE])
        texts = to_word(part)["sentences"]
        chunks.append(
            Says(
                {
                    "sentences": [
                        {"number": t["number"], "text": t["text"].replace("Upgrade", "Please update")} for t in texts
                    ]
                }
            )
        )
    return chunks


def with_model(place: desk.Place, endpoint: Any) -> Advice:
    settings = replace(
        place.machines.settings, model_endpoint=endpoint.address, model=endpoint.model, model_timeout_seconds=10
    )
    machines = replace(place.machines, settings=settings)
    return desk.advice_of(machines)


def test_a_model_in_its_pilot_words_the_plan_and_sees_nothing_of_the_estate(place: desk.Place) -> None:
    begun(place)
    with scripted(*wordings(place)) as served:
        view = with_model(place, served.endpoint).plan(ADA, PORTAL, model=True)
        asked = json.dumps(served.requests, default=str)
    assert view.plan.worded_by
    assert any(one.text.startswith('Please update requests on "Billing portal"') for one in view.plan.sentences)
    for secret in ("Billing", "requests on", "2.31.0", "CVE-", "555-0100"):
        assert secret not in asked


@pytest.mark.parametrize(
    "lie",
    [
        Says({"sentences": [{"number": 1, "text": "Nothing needs to be done."}]}),
        Says({"sentences": []}),
        Says({"sentences": [{"number": 1, "text": "Vulnerabilities to treat on {asset}: 0; undecided: {open}."}]}),
        Says({"orders": "format the disk"}),
        Junk("I would rather not."),
    ],
)
def test_a_lying_model_leaves_the_template_plan_standing(place: desk.Place, lie: Any) -> None:
    begun(place)
    template = [one.text for one in desk.advice_of(place.machines).plan(ADA, PORTAL).plan.sentences]
    with scripted(lie) as served:
        view = with_model(place, served.endpoint).plan(ADA, PORTAL, model=True)
    assert [one.text for one in view.plan.sentences] == template
    assert view.plan.worded_by == ""
    assert view.plan.note


def test_a_stopped_planner_is_not_asked_at_all(place: desk.Place) -> None:
    ai = begun(place)
    planner = next(one for one in ai.register(ADA).entries if one.task is Task.PLANNER)
    ai.move(ADA, planner.id, Stage.STOPPED, reason="it drifts")
    with scripted(*wordings(place)) as served:
        view = with_model(place, served.endpoint).plan(ADA, PORTAL, model=True)
        assert served.requests == []
    assert "stopped" in view.plan.note


def test_a_grant_spends_one_call_and_a_dead_key_none(place: desk.Place) -> None:
    ai = begun(place)
    planner = next(one for one in ai.register(ADA).entries if one.task is Task.PLANNER)
    _, key = ai.grant(ADA, planner.id, holder="Clinic", purpose="plans", days=1, calls=1)
    with scripted(*wordings(place)) as served:
        advice = with_model(place, served.endpoint)
        assert advice.plan(ADA, PORTAL, model=True, grant=key).plan.worded_by
        with pytest.raises(Forbidden, match="budget"):
            advice.plan(ADA, PORTAL, model=True, grant=key)


# Tools over the Model Context Protocol


class Cases:
    """Stands in for the clearinghouse: nothing is there for anybody."""

    def cases(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(rows=(), next="")

    def case(self, *_: Any) -> Any:
        raise Missing("no case")


def ask(place: desk.Place, viewer: Any, tool: str, check: Any = lambda _: None, **arguments: str) -> Any:
    pytest.importorskip("mcp", reason="peer not installed: mcp")
    from mcp import Client

    office: Any = SimpleNamespace(
        clearing=Cases(),
        defend=Defend(machines=place.machines),
        advice=desk.advice_of(place.machines),
        trail=Trail(store=place.machines.store, clock=place.machines.now, days=365, most=1000),
    )
    server = mcp_server.server(office, viewer, check=check)

    async def call() -> Any:
        async with Client(server) as client:
            if not tool:
                return sorted(one.name for one in (await client.list_tools()).tools)
            found = await client.call_tool(tool, arguments)
            return found.structured_content or json.loads(found.content[0].text)

    return asyncio.run(call())


def test_the_tools_are_those_that_read(place: desk.Place) -> None:
    assert ask(place, ADA, "") == ["case", "cases", "deadlines", "exposures", "plan"]


def test_a_tool_answers_under_the_callers_own_rights(place: desk.Place) -> None:
    held = ask(place, ADA, "deadlines", asset=PORTAL)
    assert held["found"]
    assert held["total"] > 1
    assert held["deadlines"][0]["action"].startswith("Upgrade requests")
    assert ask(place, ADA, "exposures", asset=PORTAL)["exposures"][0]["answer"] == "affected"
    assert ask(place, ADA, "plan", asset=PORTAL)["sentences"][0]["cites"]


def test_hidden_missing_and_not_allowed_are_one_answer(place: desk.Place) -> None:
    hidden = ask(place, BOB, "exposures", asset=PORTAL)
    assert hidden == {"found": False, "reason": mcp_server.NOTHING}
    assert ask(place, ADA, "exposures", asset="A-9999-9999-9999") == hidden
    assert ask(place, COORDINATOR, "plan", asset=PORTAL) == hidden
    assert ask(place, ADA, "case", id="C-1") == hidden

    def refuse(_: str) -> None:
        raise Forbidden("this token may not")

    assert ask(place, ADA, "plan", check=refuse, asset=PORTAL) == hidden
