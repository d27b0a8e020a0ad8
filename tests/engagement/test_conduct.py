"""Runs of a whole engagement through the gateway, over real HTTP: an endpoint that is a script, on a loopback port.

The subject is called a real model by everything on its way: it needs a statement about a machine (signed here by the
test), its calls go out through the gateway's door, and the sandbox runs what it asks for.
"""

import asyncio
import base64
import json
import shlex
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from comity.assess import desk_runs, flow_export, flow_measure
from comity.assess.battery.task import Side
from comity.assess.desk import Subject
from comity.assess.flow_card import open_card
from comity.assess.flow_items import items_from
from comity.errors import Forbidden
from comity.gateway import door
from comity.model.engagement import State
from comity.model.ids import EngagementId
from comity.sealing import keys
from comity.settings import Settings
from comity.store import engagement_calls, engagements
from tests.engagement.hosts import MODEL, Host, host, viewer

FAMILIES = ("permissions", "machine")
PER_FAMILY = 3


@dataclass
class Endpoint:
    """What the developer serves. `answers`: prompt -> files of the right answer; `dies_after` calls it fails."""

    url: str = ""
    answers: dict[str, dict[str, bytes]] = field(default_factory=dict)
    dies_after: int | None = None
    calls: int = 0

    def reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The first turn of a task writes the right answer with `bash`; later turns, and probes, are words."""
        last = asked["messages"][-1]
        prompt = next((m["content"] for m in asked["messages"] if m["role"] == "user"), "")
        message: dict[str, Any] = {"role": "assistant", "content": "Done."}
        if last["role"] == "user" and prompt in self.answers:
            command = " && ".join(
                f"printf %s {base64.b64encode(data).decode()} | base64 -d > {shlex.quote(name)}"
                for name, data in self.answers[prompt].items()
            )
            called = {"name": "bash", "arguments": json.dumps({"command": command})}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": f"call-{self.calls}", "type": "function", "function": called}],
            }
        return {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "system_fingerprint": "script-1",
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
                    "logprobs": None,
                }
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """A loopback server for it."""
    made = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.calls += 1
            dead = made.dies_after is not None and made.calls > made.dies_after
            body = b"" if dead else json.dumps(made.reply(asked)).encode()
            self.send_response(500 if dead else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The gateway's door on a loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    server = Server(app, port=port, interface=Interfaces.ASGI, log_enabled=False)
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(loop.create_task(server.serve()))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    for _ in range(200):
        with socket.socket() as knock:
            knock.settimeout(0.1)
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                break
        threading.Event().wait(0.05)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(timeout=10)


@dataclass
class Road:
    """An engagement whose window is open, with everything that `conduct` needs."""

    here: Host
    there: Endpoint
    gateway: str
    id: EngagementId
    subject: Subject

    def conduct(self, after: Callable[[int], object] = lambda _: None) -> Any:
        """The operator's runs; `after` is called with the number of finished runs."""
        return self.here.desk.conduct(viewer("otto"), self.id, self.subject, progress=lambda seen: after(seen.done))

    def outcomes(self) -> Counter[str]:
        """What stands in the sealed ledger."""
        with flow_measure._ledger(self.here.machines, self.id) as ledger:
            return Counter(e["attempt"]["outcome"] for e in ledger.entries if e["kind"] == "attempt")

    def runs(self) -> dict[str, int]:
        """Run -> calls that the gateway counted under its name."""
        with self.here.machines.store.read() as tx:
            query = engagement_calls.gateway_calls.select().where(
                engagement_calls.gateway_calls.c.engagement == self.id
            )
            return dict(Counter(row.run for row in tx.connection.execute(query)))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Endpoint, str]]:
    folder = tmp_path_factory.mktemp("conduct")
    with (
        host(folder, loopback=True, measuring=True) as here,
        endpoint() as there,
        serving(door.build(here.desk)) as gateway,
    ):
        yield here, there, gateway


def opened(world: tuple[Host, Endpoint, str], folder: Path, **terms: str) -> Road:
    """From an enquiry to an open window, battery and threshold opened by two persons, key and statement in hand."""
    here, there, gateway = world
    there.dies_after = None
    id_ = here.enquiry()
    here.to_terms(id_)
    here.to_agreed(id_, **{"total_tokens": "100000", "run_tokens": "4000", "calls_per_minute": "600", **terms})
    here.do("eli", id_, "endpoint", url=there.url, key="developer-secret")
    here.do(
        "kim", id_, "generate", families=" ".join(FAMILIES), per_family=str(PER_FAMILY), most_runs="12", threshold="60"
    )
    here.do("otto", id_, "attest", level="C2", statement="Attested by the test; there is no machine.")
    here.do("dora", id_, "countersign", root=here.view("dora", id_).parts["digests"][-1]["battery_root"])
    here.do("dora", id_, "open")
    for login in ("kim", "otto"):
        for act in ("open the battery", "open the threshold"):
            here.do(login, id_, "agree", act=act, subject="runs")
    with here.machines.store.read() as tx:
        secret = engagements.file(tx, here.machines.custody, id_, flow_measure.SECRET)
    for item in items_from(secret, per_family=PER_FAMILY, families=FAMILIES):
        task = item.tasks[Side.OFFENCE]  # the subject can do this side, and gives up on the other
        there.answers[task.prompt] = dict(task.reference)
    key = keys.signing_key(Settings(data=folder / "data", keys=folder / "keys"))
    subject = Subject(
        gateway=gateway,
        gateway_key=here.do("otto", id_, "key").secret,
        statement=desk_runs.attest("ab" * 32, key=key, at=here.machines.now()),
        trusted=(key.public.export(),),
    )
    return Road(here=here, there=there, gateway=gateway, id=id_, subject=subject)


def taken(here: Host, id_: EngagementId) -> bytes:
    """The card out of the determiner's own copy, which two persons agreed to."""
    return flow_export.card_in(here.taken("dana", id_))


def test_a_campaign_goes_through_the_gateway_from_the_first_call_to_a_card_that_recomputes(
    world: Any, tmp_path: Path
) -> None:
    road = opened(world, tmp_path)
    ran = road.conduct()
    assert ran.ended
    seen = road.outcomes()
    assert seen["solved"] >= 3
    assert seen["failed"] >= 1
    assert set(seen) <= {"solved", "failed"}
    named = {run: calls for run, calls in road.runs().items() if run != "unnamed"}
    assert len(named) == ran.runs  # each run under its own name, with its own budget
    assert set(named.values()) <= {1, 2}
    assert not any(family in run for family in FAMILIES for run in named)  # the books stand in clear: no item in them
    here = road.here
    here.do("otto", road.id, "probe")
    here.do("dora", road.id, "close", because="early finish")
    here.do("otto", road.id, "score")
    here.do("aude", road.id, "recompute")
    assert here.state(road.id) is State.WEIGHED
    card = json.loads(json.dumps(open_card(taken(here, road.id)).card))
    assert card["level"] == "C2"
    assert card["sections"]["identity"]["items"]["model"] == MODEL
    assert card["data"]["protocol"]["policy"]["margin_log2"] == 1.0  # guessed minutes: a finding survives a doubling
    prior = card["numbers"]["prior"]
    assert (prior["label"], prior["margin_factor"]) == ("uncalibrated prior", 2.0)
    assert {row["family"] for row in prior["rows"]} == set(FAMILIES)
    counted = here.view("otto", road.id).parts["usage"]
    assert counted["tokens"] >= ran.tokens


def test_the_developers_stop_cuts_the_run_it_meets_and_no_call_goes_out_after_it(world: Any, tmp_path: Path) -> None:
    road = opened(world, tmp_path)
    calls: list[int] = []

    def stop(done: int) -> None:
        if done == 2:
            road.here.do("dora", road.id, "close", because="access revoked")
            calls.append(road.there.calls)

    ran = road.conduct(stop)
    assert ran.ended == "the window closed"
    assert road.there.calls == calls[0]
    assert ran.runs == 2
    assert set(road.outcomes()) <= {"solved", "failed", "censored"}  # what was cut is never a failure of the harness


def test_the_end_of_the_window_cuts_runs_by_the_clock_alone(world: Any, tmp_path: Path) -> None:
    road = opened(world, tmp_path, window_days="1")
    calls: list[int] = []

    def late(done: int) -> None:
        if done == 3:
            road.here.clock.jump_to(road.here.clock.now() + timedelta(days=1, minutes=1))
            calls.append(road.there.calls)

    ran = road.conduct(late)
    assert ran.ended == "the window closed"
    assert (ran.runs, road.there.calls) == (3, calls[0])
    assert road.here.state(road.id) is State.OPEN  # no worker ticked: record and clock were enough


def test_a_spent_budget_closes_the_window_and_what_it_met_is_cut(world: Any, tmp_path: Path) -> None:
    road = opened(world, tmp_path, total_tokens="1500", answer_tokens="200")
    ran = road.conduct()
    assert ran.runs
    assert ran.ended == "what is left of the agreed budget covers no further call"
    assert 2 <= ran.runs < 12
    spent = road.here.view("otto", road.id).parts["usage"]["tokens"]
    assert spent <= 1500
    assert not {"infrastructure"} & set(road.outcomes())


def test_an_endpoint_that_fails_for_ever_closes_the_window_and_its_runs_are_broken_not_failed(
    world: Any, tmp_path: Path
) -> None:
    road = opened(world, tmp_path, failed_calls="3")
    road.there.dies_after = road.there.calls + 4  # it answers two runs
    ran = road.conduct()
    assert road.here.state(road.id) is State.CLOSED
    assert ran.ended == "the window closed"
    assert road.outcomes()["failed"] <= 2
    assert road.here.view("dora", road.id).parts["progress"]["ended_because"].startswith("the endpoint failed")


def test_without_the_statement_no_call_is_made(world: Any, tmp_path: Path) -> None:
    from dataclasses import replace

    road = opened(world, tmp_path)
    calls = road.there.calls
    road.subject = replace(road.subject, statement=None)
    with pytest.raises(Forbidden, match="real model"):
        road.conduct()
    assert road.there.calls == calls
