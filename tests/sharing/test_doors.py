"""No object above a client's handling appears in any door: API, pages, feeds, TAXII, hooks.

Advisories and STIX objects of every label are put in, with and without a case, withheld or not, shared or not. Each has
a word of its own. Whoever comes then asks every address of every door, and meets a word only when the rule of handling,
written down here a second time, lets them.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from comity import console, taxii
from comity.bench import sample
from comity.model.handling import Tlp
from comity.model.party import Role, Viewer
from comity.store import cases, published, reports
from tests.api.site import Site, site
from tests.sharing.values import envelope, vulnerability
from tests.store.values import NOW, case, report

CLIENTS = ("", "admin", "reader", "submitter", "rival", "coordinator")
MEDIA = {"Accept": "application/taxii+json;version=2.1"}
SHELF = "/taxii2/comity/collections"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that was put in, and what decides who meets it."""

    word: str
    tlp: Tlp
    kind: str
    withheld: bool = False
    read_in: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    id: str = ""


things = st.builds(
    Thing,
    word=st.just(""),
    tlp=st.sampled_from(Tlp),
    kind=st.sampled_from(["advisory", "advisory of a case", "object"]),
    withheld=st.booleans(),
    read_in=st.frozensets(st.sampled_from(CLIENTS[2:]), max_size=2),
    shared=st.frozensets(st.sampled_from(CLIENTS[2:]), max_size=2),
)


def may_meet(thing: Thing, name: str, viewer: Viewer | None) -> bool:
    """The rule, written a second time."""
    if thing.tlp is Tlp.CLEAR:
        return True
    if viewer is None or thing.tlp > viewer.tlp:
        return False
    is_coordinator = Role.COORDINATOR in viewer.roles
    if thing.kind == "object":
        return thing.tlp is Tlp.GREEN or name == "submitter" or name in thing.shared or is_coordinator
    of_case = thing.kind == "advisory of a case"
    hidden = of_case and thing.withheld and name not in thing.read_in
    return name in thing.shared or (of_case and name in thing.read_in) or (is_coordinator and not hidden)


@pytest.fixture(scope="module")
def whole() -> Iterator[Site]:
    """Every door over one store."""
    with (
        tempfile.TemporaryDirectory() as folder,
        site(
            Path(folder),
            more=lambda some: [*taxii.routes(some), *console.routes(some)],
            page_error=taxii.errors(console.page_error),
        ) as made,
    ):
        yield made


def put(made: Site, number: int, thing: Thing) -> Thing:
    thing = replace(thing, word=f"zqword{number:05}x")
    store = made.accounts.store
    if thing.kind == "object":
        one = vulnerability(thing.word, tlp=thing.tlp)
        made.exchange.post(made.viewers["submitter"], "exchange", envelope(one))
        thing = replace(thing, id=one["id"])
    else:
        advisory = replace(sample.advisory(number, tlp=thing.tlp), title=thing.word, aliases=(f"X-{thing.word}",))
        with store.write() as tx:
            owner = None
            if thing.kind == "advisory of a case":
                held = report()
                reports.add(tx, held)
                owner = cases.add(tx, case(held.id)).id
                cases.withhold(tx, owner, withheld=thing.withheld)
                for name in thing.read_in:
                    cases.read_in(tx, owner, made.viewers[name].person, at=NOW)
            file = published.File(name="a.json", media_type="application/json", data=thing.word.encode())
            published.put(tx, advisory, [file], case=owner)
        made.exchange.take_advisory(advisory.id)
        thing = replace(thing, id=advisory.id)
    sharer = made.viewers["submitter" if thing.kind == "object" else "coordinator"]
    reached = set()
    out_of_reach = thing.kind == "advisory of a case" and thing.withheld and "coordinator" not in thing.read_in
    for name in thing.shared if not (out_of_reach and thing.tlp is not Tlp.CLEAR) else ():
        if thing.tlp <= made.viewers[name].tlp:
            made.sharing.share(sharer, thing.id, name, basis="consent")
            reached.add(name)
    return replace(thing, shared=frozenset(reached))


class Client:
    """Somebody at every door."""

    def __init__(self, made: Site, name: str) -> None:
        self.made = made
        self.token = {"Authorization": f"Bearer {made.tokens[name]}"} if name else {}
        self.cookie = {"Cookie": f"comity={made.secrets[name]}"} if name else {}

    def get(self, path: str, headers: dict[str, str]) -> str:
        self.made.client.cookies.clear()
        answer = self.made.client.get(path, headers=headers)
        return answer.text + str(answer.headers)

    def lists(self) -> dict[str, str]:
        """Every list, feed and page that names many things."""
        shelves = [f"{SHELF}/{one}/{room}/" for one in ("advisories", "exchange") for room in ("objects", "manifest")]
        found = {path: self.get(f"{path}?match[version]=all", MEDIA | self.token) for path in shelves}
        for feed in ("atom", "rss", "json"):
            found[f"/feeds/{feed}"] = self.get(f"/feeds/advisories.{feed}", self.cookie)
        found["/api/v1/advisories"] = self.get("/api/v1/advisories?limit=500", self.token)
        found |= {path: self.get(path, self.cookie) for path in ("/advisories", "/", "/sharing")}
        return found

    def own(self, thing: Thing) -> dict[str, str]:
        """The addresses of one thing."""
        if thing.kind == "object":
            base = f"{SHELF}/exchange/objects/{thing.id}/"
            return {path: self.get(path, MEDIA | self.token) for path in (base, f"{base}versions/")}
        api = [f"/api/v1/advisories/{thing.id}", f"/api/v1/advisories/{thing.id}/files/a.json"]
        pages = [f"/advisories/{thing.id}", f"/advisories/{thing.id}/a.json"]
        found = {path: self.get(path, self.token) for path in api}
        return found | {path: self.get(path, self.cookie) for path in pages}


numbers = iter(range(1, 10_000))


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),  # a failing example names its client and thing; shrinking would take minutes
    derandomize=True,
)
@given(drawn=st.lists(things, min_size=8, max_size=12))
def test_nobody_meets_in_any_door_what_is_above_their_handling(whole: Site, drawn: list[Thing]) -> None:
    made = [put(whole, next(numbers), thing) for thing in drawn]
    for name in CLIENTS:
        client = Client(whole, name)
        lists = client.lists()
        for thing in made:
            allowed = may_meet(thing, name, whole.viewers[name] if name else None)
            texts = lists | client.own(thing)
            places = [path for path, text in texts.items() if thing.word in text]
            if not allowed:
                assert places == [], (name, thing)
            elif thing.kind == "object":
                assert f"{SHELF}/exchange/objects/" in places, (name, thing)
            else:
                assert {"/api/v1/advisories", f"{SHELF}/advisories/objects/"} <= set(places), (name, thing)


def test_hidden_and_missing_are_the_same_answer(whole: Site) -> None:
    thing = put(whole, next(numbers), Thing(word="", tlp=Tlp.RED, kind="object"))
    missing = f"vulnerability--{'0' * 8}-0000-4000-8000-{'0' * 12}"
    for name in ("", "reader", "rival"):
        token = {"Authorization": f"Bearer {whole.tokens[name]}"} if name else {}
        for tail in ("", "versions/"):
            answers: list[Any] = [
                whole.client.get(f"{SHELF}/exchange/objects/{id_}/{tail}", headers=MEDIA | token)
                for id_ in (thing.id, missing)
            ]
            assert answers[0].status_code == answers[1].status_code == 404
            assert answers[0].content == answers[1].content
            assert json.loads(answers[0].content)["http_status"] == "404"
