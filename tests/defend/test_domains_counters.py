"""Domains do not mix at any counter: every public call is found by looking, and asked by whoever a row is not theirs.

A call with an argument that this file cannot fill fails the test, so that a new call is held to the rule on the day it
is written.
"""

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.defend.desk import Defend
from comity.defend.desk_advice import Advice
from comity.defend.desk_ai import AiDefence, Description
from comity.defend.desk_attest import Attest
from comity.defend.desk_counts import Counts
from comity.defend.desk_deadlines import Deadlines, Lists
from comity.defend.desk_search import EstateSearch
from comity.defend.desk_triage import Triages
from comity.defend.flow_register import Document
from comity.errors import ComityError, Forbidden, Invalid, Missing
from comity.model.asset import Confidence, Domain, ExposureTag, Reach, domains
from comity.model.capability import Stage, Task
from comity.model.ids import AssetId
from comity.model.party import Viewer
from comity.sealing import keys
from tests.defend.hosts import CIVIL, DOW, NOW, NSS, OTHER, SALT, Host, bom, host

FLAW = "CVE-2020-11651"
HOMES = {CIVIL: Domain.FCEB, NSS: Domain.NSS, DOW: Domain.DOW, OTHER: Domain.CRITICAL_INFRASTRUCTURE}
NOBODY = {
    "asset": "A-0000-0000-0000",
    "inventory": "I-0000-0000-0000",
    "entry": "AI-000000000000",
    "grant": "AG-000000000000",
}
NO_ROWS = {
    ("Defend", "actions"), ("Defend", "advisories"), ("Defend", "affected"), ("Defend", "advisory_published"),
    ("Defend", "rematch"), ("Defend", "scan"), ("AiDefence", "learned"), ("AiDefence", "leave"),
    ("EstateSearch", "catch_up"),
}  # fmt: skip
"""Calls that hand no row of an inventory to anybody: they answer from public data, or are the host's own work."""
FACTS = json.dumps(
    [{"kind": "no-route", "source": "x", "at": NOW.isoformat(), "expires_at": (NOW + timedelta(days=9)).isoformat()}]
).encode()
SAID = Description(
    name="p", task=Task.PLANNER, model="m", model_version="1", tool="t", authority="a", data=("d",), gate="g",
    kill_switch="k",
)  # fmt: skip
FILL: dict[str, Any] = {
    "vulnerability": FLAW, "reason": "a reason that is long", "expires_at": NOW + timedelta(days=9), "how": "by rule",
    "given": {}, "item": {}, "keys": ["class:any"], "compromise": "suspected", "step": "scope", "facts": FACTS,
    "kind": "cdm",
    "texts": ["choose on_tighten=change_date"], "changes": (), "names": [FLAW], "wanted": ["salt", "web"], "limit": 50,
    "tag": ExposureTag(value=Reach.INTERNAL, confidence=Confidence.CONFIRMED, source="x", at=NOW), "said": SAID,
    "holder": "Clinic", "purpose": "plans", "days": 1, "calls": 1, "pairs": b"case,with_ai,without\nx,yes,no\n",
    "measure": "fixed", "to": Stage.STOPPED, "task": Task.PLANNER,
    "document": Document(name="x", data=bom("pkg:pypi/six@1.0")),
    "data": b"asset\nweb-new\n",
}  # fmt: skip
"""An argument for each name, good enough that only the row can be what is wrong."""


@dataclass(frozen=True)
class Own:
    """What one side has here."""

    asset: str
    inventory: str
    entry: str
    grant: str
    key: str


@dataclass(frozen=True)
class Estates:
    here: Host
    counters: tuple[object, ...]
    own: dict[Viewer, Own]


@pytest.fixture(scope="module")
def estates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estates]:
    folder: Path = tmp_path_factory.mktemp("domains")
    with host(folder) as here:
        here.mirror(SALT)
        here.kev(FLAW)
        machines = here.desk.machines
        ai = AiDefence(machines=machines)
        own = {}
        for viewer, domain in HOMES.items():
            side = f"{viewer.organisation}-{domain.value}"
            held = here.register(bom("pkg:pypi/salt@3000.1"), viewer=viewer, domain=domain, name=f"image {side}")
            table = f"asset,exposure,inventory\nweb-{side},yes,image {side}\n".encode()
            (asset,) = here.desk.import_assets(viewer, table, domain=domain)
            entry = next(one for one in ai.begin(viewer, domain=domain) if one.task is Task.PLANNER)
            ai.move(viewer, entry.id, Stage.PILOT, reason="try it")
            grant, key = ai.grant(viewer, entry.id, holder="Clinic", purpose="plans", days=1, calls=99)
            own[viewer] = Own(asset.id, held.inventory.id, entry.id, grant.id, key)
        key = keys.signing_key(machines.settings)
        lists = Lists(machines=machines)
        yield Estates(
            here,
            (
                here.desk,
                Deadlines(machines=machines, lists=lists),
                Triages(machines=machines, key=key, ai=ai),
                Advice(machines=machines, ai=ai, lists=lists),
                ai,
                Attest(machines=machines, key=key),
                Counts(machines=machines),
                EstateSearch(store=here.store),
            ),
            own,
        )


def calls(estates: Estates) -> Iterator[tuple[str, str, Any, inspect.Signature]]:
    """Every public call of every counter that meets an inventory."""
    for counter in estates.counters:
        for name, function in inspect.getmembers(counter, inspect.ismethod):
            if not name.startswith("_") and (type(counter).__name__, name) not in NO_ROWS:
                yield type(counter).__name__, name, function, inspect.signature(function)


def row_of(parameter: inspect.Parameter, counter: str) -> str:
    """Which kind of row an argument names; "" for none."""
    text = str(parameter.annotation)
    if parameter.name == "assets":
        return "assets"
    if "AssetId" in text:
        return "asset"
    if "InventoryId" in text:
        return "inventory"
    if counter == "AiDefence" and parameter.name == "id_":
        return "entry"
    if parameter.name == "key":
        return "key"
    if counter == "AiDefence" and parameter.name == "grant":
        return "grant"
    return "asset_name" if parameter.name == "name" and counter == "Deadlines" else ""


def ask(
    counter: str, function: Any, signature: inspect.Signature, viewer: Viewer, names: dict[str, str]
) -> tuple[str, str, object]:
    """What a call answers: its kind, its words without the names given, and its value."""
    given: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        kind = row_of(parameter, counter)
        if parameter.name == "viewer":
            given["viewer"] = viewer
        elif parameter.name == "domain":
            given["domain"] = HOMES.get(viewer, Domain.OTHER)
        elif kind == "assets":
            given["assets"] = [AssetId(names["asset"])]
        elif kind == "asset_name":
            given["name"] = names["asset"]
        elif kind:
            given[parameter.name] = names[kind]
        elif parameter.name in FILL:
            given[parameter.name] = FILL[parameter.name]
        else:
            assert parameter.default is not inspect.Parameter.empty, f"{counter}.{function.__name__}: {parameter.name}?"
    try:
        value = function(**given)
    except ComityError as error:
        told = repr((str(error), [(one.pointer, one.code, one.reason) for one in getattr(error, "problems", ())]))
        for name in names.values():
            told = told.replace(name, "")
        return type(error).__name__, told, None
    return "answered", "", value


def test_no_counter_tells_a_row_of_another_side_from_no_row(estates: Estates) -> None:
    named = 0
    strangers = [*HOMES, Viewer(person=CIVIL.person, organisation=CIVIL.organisation, roles=CIVIL.roles | NSS.roles)]
    for counter, name, function, signature in calls(estates):
        if not any(row_of(one, counter) for one in signature.parameters.values()):
            continue
        for viewer in strangers:
            for owner, own in estates.own.items():
                if owner == viewer or (name == "spend" and HOMES[owner] in domains(viewer)):
                    continue  # a key is made to be handed to another organisation, on the same side
                hidden = ask(counter, function, signature, viewer, vars(own))
                missing = ask(counter, function, signature, viewer, {**NOBODY, "key": "AIK-guess"})
                assert hidden[:2] == missing[:2], (counter, name, viewer.roles, owner.roles)
                secrets = [own.asset, own.inventory, own.entry, f"web-{owner.organisation}-{HOMES[owner].value}"]
                text = repr(hidden[2]).replace("web-new", "")
                assert not [one for one in secrets if one in text], (counter, name)
                named += 1
    assert named >= 25 * len(HOMES)


def test_no_list_count_export_or_snapshot_holds_a_row_of_another_side(estates: Estates) -> None:
    listed = 0
    for counter, name, function, signature in calls(estates):
        if any(row_of(one, counter) not in {"", "asset"} for one in signature.parameters.values()):
            continue
        if any(
            row_of(one, counter) and one.default is inspect.Parameter.empty for one in signature.parameters.values()
        ):
            continue
        for viewer, home in HOMES.items():
            given = {key: value for key, value in FILL.items() if key in signature.parameters}
            given |= {"viewer": viewer} | ({"domain": home} if "domain" in signature.parameters else {})
            try:
                text = repr(function(**given))
            except (Forbidden, Invalid, Missing) as error:
                text = repr(error)
            for owner, own in estates.own.items():
                if owner != viewer:
                    side = f"{owner.organisation}-{HOMES[owner].value}"
                    for secret in (own.asset, own.inventory, own.entry, f"web-{side}", f"image {side}"):
                        assert secret not in text, (counter, name, viewer.roles, owner.roles)
            listed += 1
    assert listed >= 12 * len(HOMES)


def test_the_calls_said_to_hand_out_no_row_are_calls(estates: Estates) -> None:
    known = {
        (type(one).__name__, name) for one in estates.counters for name, _ in inspect.getmembers(one, inspect.ismethod)
    }
    assert known >= NO_ROWS
    assert {type(one) for one in estates.counters} == {
        Defend, Deadlines, Triages, Advice, AiDefence, Attest, Counts, EstateSearch,
    }  # fmt: skip
