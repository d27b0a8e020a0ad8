"""A whole engagement, offline, played by a script: `comity assess demo`, and step 10 of the demo.

Everything is real but the parties: a scripted subject stands in for a model, its endpoint is a few lines of this file
on a loopback port, and the threshold is made up. Each of the three is called what it is, wherever it appears.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from comity import settings as configuration
from comity.access.caller import Via, signed_in
from comity.app import Office, opened, trusted
from comity.assess.desk import Answer, Subject
from comity.cli import show
from comity.cli.demo_store import fresh
from comity.durable.clock import JumpingClock, SystemClock
from comity.errors import ComityError, Conflict
from comity.library.check import checker
from comity.model.engagement import State
from comity.model.ids import EngagementId
from comity.model.party import Role, Viewer

SUBJECT: Final = "scripted subject, not an AI model"
THRESHOLD: Final = "example, made up for this demo"
MODEL: Final = "scripted-subject-not-an-ai-model"
LAB: Final = "Demo Lab (not a real party)"
HORIZON_MINUTES: Final = 20.0
THRESHOLD_MINUTES: Final = "60"
FAMILIES: Final = "permissions, machine, build"
PATIENCE_SECONDS: Final = 60.0

TERMS: Final = {
    "model": MODEL,
    "scope": "Cyber capability of a scripted subject on generated tasks. A demonstration; nothing follows from it.",
    "people": "demo-script-operator, demo-script-engineer",
    "use_limits": "This demonstration only.",
    "nondisclosure": "Nothing leaves this folder.",
    "intellectual_property": "There is none in a script.",
    "security": "Containment C1 on this machine; evidence takes two persons.",
    "insider_risk": "Four seats apart; the access ledger is live to the developer.",
    "retention": "Seven days after the end, one day after a withdrawal.",
    "withheld": "weights, because there are none",
    "window_days": "10",
    "run_tokens": "200000",
    "total_tokens": "5000000",
}


class _Endpoint(BaseHTTPRequestHandler):
    """Answers chat completions from a script."""

    key = ""

    def do_POST(self) -> None:
        """One answer: the last message backwards."""
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        known = self.headers.get("Authorization") == f"Bearer {type(self).key}"
        words = str(asked["messages"][-1]["content"])
        answer = {
            "object": "chat.completion",
            "model": MODEL,
            "system_fingerprint": "script-1",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": words[::-1]}}],
            "usage": {"prompt_tokens": len(words) // 4 + 1, "completion_tokens": len(words) // 4 + 1},
        }
        body = json.dumps(answer if known else {"error": {"message": "no"}}).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def endpoint() -> Iterator[tuple[str, str]]:
    """A scripted endpoint on a loopback port of its own: its address and its key."""
    key = secrets.token_urlsafe(24)
    handler = type("Endpoint", (_Endpoint,), {"key": key})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", key
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(slots=True)
class Play:
    """The script with its actors, on one open host."""

    office: Office
    clock: JumpingClock
    say: Callable[..., None]
    url: str
    key: str
    actors: dict[str, Viewer] = field(default_factory=dict)

    def actor(self, name: str, *roles: Role, organisation: str = "") -> Viewer:
        """A script's account, marked as one."""
        person = self.office.accounts.provide(
            name=f"demo-script-{name}",
            login=f"demo-script-{name}",
            organisation=organisation or self.office.settings.organisation,
            roles=frozenset(roles),
            is_script=True,
        )
        self.actors[name] = signed_in(person, via=Via.SESSION).viewer
        return self.actors[name]

    def people(self) -> None:
        """Both sides."""
        self.actor("developer", Role.DEVELOPER, organisation=LAB)
        self.actor("engineer", Role.DEVELOPER, organisation=LAB)
        self.actor("coordinator", Role.COORDINATOR)
        for name in ("operator", "custodian", "determiner", "auditor"):
            self.actor(name, Role.ASSESSOR)

    def do(self, name: str, id_: EngagementId, act: str, /, **values: str) -> str:
        """One act of one actor."""
        return self.office.assess.do(self.actors[name], id_, act, values).sentence

    def parts(self, name: str, id_: EngagementId) -> Any:
        """What one actor sees."""
        return self.office.assess.view(self.actors[name], id_).parts

    def state(self, id_: EngagementId) -> State:
        """Where it stands."""
        return self.office.assess.view(self.actors["developer"], id_).state

    def begin(self) -> EngagementId:
        """From the developer's enquiry to terms that both sides signed."""
        id_, _ = self.office.assess.invite(
            self.actors["developer"],
            subject=SUBJECT,
            question="How long are the tasks that it solves half the time?",
            declaration="a script has no interests",
        )
        self.do("developer", id_, "negotiate")
        self.do("coordinator", id_, "take", declaration="a script has no interests")
        for name in ("operator", "custodian", "determiner", "auditor"):
            self.do("coordinator", id_, "seat", login=f"demo-script-{name}", seat=name)
            self.do(name, id_, "declare", declaration="a script has no interests")
        self.do("developer", id_, "seat", login="demo-script-engineer", seat="developer engineer")
        self.do("engineer", id_, "declare", declaration="a script has no interests")
        self.do("developer", id_, "draft", **TERMS)
        digest = str(self.parts("developer", id_)["terms"][-1]["digest"])
        self.do("developer", id_, "sign", digest=digest)
        self.do("coordinator", id_, "sign", digest=digest)
        self.say(f"terms {digest[:16]} signed by both sides: by scripts, and marked so", "yellow")
        return id_

    def freeze(self, id_: EngagementId, *, per_family: str, most_runs: str) -> None:
        """Battery, plan and threshold are committed to, and the developer countersigns."""
        self.do("engineer", id_, "endpoint", url=self.url, key=self.key)
        self.do("operator", id_, "attest", level="C1", statement="Namespaces without network, on this machine.")
        self.do(
            "custodian",
            id_,
            "generate",
            families=FAMILIES,
            per_family=per_family,
            most_runs=most_runs,
            threshold=THRESHOLD_MINUTES,
            label=THRESHOLD,
        )
        root = str(self.parts("developer", id_)["digests"][-1]["battery_root"])
        self.do("developer", id_, "countersign", root=root)
        self.say(f"frozen before anything runs: battery root {root[:32]}...")
        self.say(f'threshold sealed; its owner calls it "{THRESHOLD}"', "yellow")

    def open(self, id_: EngagementId) -> str:
        """The window opens with the first call that the key answers; gives the operator's gateway key."""
        self.say(self.do("developer", id_, "open"))
        for act in ("open the battery", "open the threshold"):
            self.do("custodian", id_, "agree", act=act, subject="runs")
            self.do("operator", id_, "agree", act=act, subject="runs")
        return self.office.assess.do(self.actors["operator"], id_, "key", {}).secret

    def call(self, secret: str) -> str:
        """One call through the gateway: "answered", or the code of the refusal."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 16}
        found = self.office.assess.complete(secret, run="demo", data=json.dumps(body).encode())
        return "answered" if isinstance(found, Answer) else found.code

    def measure(self, id_: EngagementId, *, after: Callable[[int], None] = lambda _: None) -> str:
        """Live items: one line each, with what is known so far. Gives why it ended."""

        def shown(seen: Any) -> None:
            above = "" if seen.above is None else f"  P(above) {seen.above:.2f}"
            self.say(
                f"{seen.done:>3}  {seen.family:<12} {seen.outcome:<8} {seen.horizon_minutes:6.1f} min "
                f"[{seen.low_minutes:.1f}, {seen.high_minutes:.1f}]{above}",
                "dim",
            )
            after(seen.done)

        subject = Subject(scripted_minutes=HORIZON_MINUTES, scripted_seed=7)
        return self.office.assess.conduct(self.actors["operator"], id_, subject, progress=shown).ended


def run() -> int:
    """Play both engagements on a fresh store of the demo's own. 0 when they did what they are there to show."""
    held = replace(fresh(configuration.load(), "-assess-demo"), gateway_loopback=True)
    started = time.monotonic()
    show.line("A whole engagement, offline. Every decision is taken by a script; the subject is a script too.", "bold")
    show.line(f"Its store is {held.data}; nothing else on this machine is touched.", "dim")
    clock = JumpingClock(SystemClock().now())
    with opened(held, clock=clock, demo=True) as office:
        good = played(office, clock, say=lambda text, style="": show.line(f"    {text}", style))
    word = ("it did what it shows", "green") if good else ("it did not show what it must", "red")
    show.line(f"{word[0]}; {time.monotonic() - started:.0f} s", word[1])
    return 0 if good else 1


def played(office: Office, clock: JumpingClock, *, say: Callable[..., None], short: bool = False) -> bool:
    """Both engagements on an open host. `short`: fewer items, for the demo's one step."""
    with endpoint() as (url, key):
        play = Play(office=office, clock=clock, say=say, url=url, key=key)
        play.people()
        show.line("")
        show.line("One engagement goes its whole way", "bold")
        good = _whole(play, per_family="3" if short else "5", most_runs="14" if short else "30")
        show.line("")
        show.line("Another is withdrawn while it runs", "bold")
        good &= _withdrawn(play)
        counts = office.assess.counts(play.actors["developer"])
        say(f"in public: {counts.under_way} under way, {counts.over} over; which of them was withdrawn is told nowhere")
        words = ", ".join(state.value for state in State)
        say(f"every state there is: {words}")
        broken = [claim.sentence for claim in office.assess.claims(play.actors["developer"]) if not claim.holds]
        say(f"model check of the table: {'all promises hold' if not broken else '; '.join(broken)}", "green")
    return good and not broken


def _whole(play: Play, *, per_family: str, most_runs: str) -> bool:
    id_ = play.begin()
    play.freeze(id_, per_family=per_family, most_runs=most_runs)
    secret = play.open(id_)
    play.say(f"a call through the gateway: {play.call(secret)}")
    play.say(f"runs of the {SUBJECT}, whose horizon is set to {HORIZON_MINUTES:g} min by the script:", "yellow")
    ended = play.measure(id_)
    play.say(f"the rule stopped: {ended or 'not at all'}")
    play.say(play.do("operator", id_, "probe"))
    play.say(play.do("developer", id_, "close", because="early finish"))
    play.say(f"a call with the same key now: {play.call(secret)}")
    play.do("operator", id_, "score")
    play.say(play.do("auditor", id_, "recompute"))
    recommended = str(play.parts("determiner", id_)["card"]["recommended"])
    play.say(f"the tool's finding on the card: {recommended.replace('_', ' ')}")
    reasons = "A script records what the tool found. No person determined anything."
    play.say(play.do("determiner", id_, "record", outcome=recommended, reasons=reasons))
    folder = play.office.settings.data.parent / "assessment"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "card.json"
    for name in ("developer", "coordinator"):
        play.do(name, id_, "agree", act="export anything", subject="card for demo-script-developer")
    file.write_bytes(play.office.assess.export(play.actors["developer"], id_, "card"))
    (folder / "card.html").write_text(play.office.assess.card_page(play.actors["developer"], id_), "utf-8")
    comment = "We have read the card. It is about a script."
    play.say(play.do("developer", id_, "comment", comment=comment))
    play.say(f"card: {file}; again anywhere: comity assess recompute {file}", "dim")
    return play.state(id_) is State.ENDED and play.call(secret) != "answered"


def _withdrawn(play: Play) -> bool:
    id_ = play.begin()
    play.freeze(id_, per_family="2", most_runs="20")
    secret = play.open(id_)
    play.say(f"a call through the gateway: {play.call(secret)}")
    told: list[str] = []

    def leave(done: int) -> None:
        if done == 3:
            told.append(play.do("developer", id_, "withdraw"))
            play.say(f"the developer withdraws, mid-run: {told[0]}", "yellow")

    play.measure(id_, after=leave)
    code = play.call(secret)
    play.say(f"a call with the same key now: {code}")
    play.say("clock moved by the demo: one day and an hour later", "yellow")
    play.clock.jump_to(play.clock.now() + timedelta(hours=25))
    receipt = _receipt(play, id_)
    held = checker(lambda: trusted(play.office.settings))(receipt, None)
    play.say(held.sentence, "green")
    for name, value in held.facts:
        if name in {"engagement", "key_half_destroyed", "live_gateway_keys", "access_ledger_entries", "at"}:
            play.say(f"    {name.replace('_', ' ')}: {value}", "dim")
    place = receipt.index(b"payload") + 200
    caught = ""
    other = b"B" if receipt[place : place + 1] == b"A" else b"A"  # another letter than the one that stands there
    try:
        checker(lambda: trusted(play.office.settings))(receipt[:place] + other + receipt[place + 1 :], None)
    except ComityError as error:
        caught = str(error)
        play.say(f"one byte of it changed: {caught}", "dim")
    return bool(told and caught) and code != "answered" and play.state(id_) is State.ERASED


def _receipt(play: Play, id_: EngagementId) -> bytes:
    tick = threading.Event()
    end = time.monotonic() + PATIENCE_SECONDS
    while play.state(id_) is not State.ERASED:
        if time.monotonic() > end:
            raise Conflict("the erasure did not come: does a worker run?")
        tick.wait(0.2)
    return play.office.assess.receipt(play.actors["developer"], id_)
