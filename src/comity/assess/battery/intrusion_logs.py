"""The logs of family `intrusion`: what ordinary work leaves behind, what an intruder leaves, and a rule language
over both.

An intruder comes in by mail on one host and moves on by logins. Each move is a login over the intruder's port,
followed soon
by one of the intruder's programs under the same account on the same host. Each half of that occurs in ordinary work
too:
the port with other programs, the programs after other logins, and both together but hours apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from comity.assess.battery import answers
from comity.assess.battery.draw import Draw
from comity.errors import Invalid
from comity.formats.parse import Json

DAY: Final = 86_400
SOON: Final = 300
"""An intruder's program starts within so many seconds of the login."""
LATE: Final = 1800
"""Ordinary work that has both halves has them at least so far apart."""

Event = Mapping[str, Json]
"""One line: id, time (by that host's clock), host, kind, account, and what the kind adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How this intruder works, and the place where it happens."""

    hosts: tuple[str, ...]
    accounts: tuple[str, ...]
    programs: tuple[str, ...]
    ports: tuple[int, ...]
    port: int
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """One day. `moves` are the ids of the intruder's logins, `way` the hosts in the order they were taken."""

    events: tuple[Event, ...]
    way: tuple[str, ...]
    moves: frozenset[str]
    account: str
    """The account whose mail let the intruder in."""


def profile(draw: Draw, hosts: int) -> Profile:
    """A drawn place and intruder."""
    programs, ports = tuple(draw.words(10, 3)), tuple(draw.sample(range(1024, 50_000), 5))
    return Profile(
        hosts=tuple(draw.words(hosts, 2)),
        accounts=tuple(draw.words(max(6, hosts), 3)),
        programs=programs,
        ports=ports,
        port=draw.pick(ports),
        tools=tuple(draw.sample(programs, 2)),
    )


def logs(draw: Draw, p: Profile, *, moves: int, noise: int, skew: int, gaps: int) -> Logs:
    """A day with one intrusion. `skew`: hosts' clocks are off by up to so many seconds; `gaps`: moves without a
    login line."""
    rows: list[tuple[int, dict[str, Json]]] = []
    way = tuple(draw.sample(p.hosts, moves + 1))
    away = [host for host in p.hosts if host not in way] or list(p.hosts)
    began = draw.between(DAY // 4, DAY // 2)
    victim = draw.pick(p.accounts)
    marked: list[dict[str, Json]] = []

    def put(at: int, host: str, kind: str, account: str, **more: Json) -> dict[str, Json]:
        row: dict[str, Json] = {"host": host, "kind": kind, "account": account, **more}
        rows.append((at % DAY, row))
        return row

    at = began
    put(at, way[0], "start", victim, program=draw.pick(p.tools), parent="mail")
    turn = draw.below(2)
    for number, (source, target) in enumerate(pairwise(way)):
        at += draw.between(600, 2400)
        account = draw.pick(p.accounts)
        put(at, source, "connect", account, to=target, port=p.port)
        marked.append(put(at + 1, target, "login", account, source=source, port=p.port))
        put(
            at + draw.between(20, SOON - 20),
            target,
            "start",
            account,
            program=p.tools[(turn + number) % 2],
            parent="login",
        )
    put(at + draw.between(600, 1200), way[-1], "connect", draw.pick(p.accounts), to="outside", port=draw.pick(p.ports))
    for number in range(max(6, 2 * moves)):  # the three halves of a move, in ordinary work
        when, host, account = draw.below(DAY - 4 * LATE), draw.pick(p.hosts), draw.pick(p.accounts)
        kind = number % 3
        port = p.port if kind != 1 else draw.pick([one for one in p.ports if one != p.port])
        program = draw.pick(p.tools) if kind != 0 else draw.pick([one for one in p.programs if one not in p.tools])
        gap = draw.between(LATE, 2 * LATE) if kind == 2 else draw.between(20, SOON - 20)
        source = draw.pick([one for one in p.hosts if one != host])
        put(when, source, "connect", account, to=host, port=port)
        put(when + 1, host, "login", account, source=source, port=port)
        put(when + 1 + gap, host, "start", account, program=program, parent="login")
    for _ in range(max(2, moves // 2)):  # programs that came by mail and led nowhere
        put(
            draw.below(DAY),
            draw.pick(away),
            "start",
            draw.pick(p.accounts),
            program=draw.pick(p.programs),
            parent="mail",
        )
    for _ in range(noise):
        _ordinary(draw, p, put)
    missing = [id(row) for row in draw.sample(marked, min(gaps, max(0, moves - 1)))]
    clocks = {host: draw.between(-skew, skew) for host in p.hosts}
    for host in p.hosts:
        put(draw.below(DAY), host, "clock", "", ahead=clocks[host])
    order = sorted(
        (
            (when + clocks[str(row["host"])], place, row)
            for place, (when, row) in enumerate(rows)
            if id(row) not in missing
        ),
        key=lambda one: (one[0], one[1]),
    )
    events, moved = [], set()
    for number, (when, _, row) in enumerate(order):
        name = f"e{number}"
        events.append({"id": name, "time": when, **row})
        if any(row is one for one in marked):
            moved.add(name)
    return Logs(events=tuple(events), way=way, moves=frozenset(moved), account=victim)


def _ordinary(draw: Draw, p: Profile, put: "object") -> None:
    assert callable(put)
    when, account = draw.below(DAY), draw.pick(p.accounts)
    host, other = draw.sample(p.hosts, 2)
    ordinary = [one for one in p.programs if one not in p.tools]
    match draw.below(4):
        case 0:
            put(when, host, "start", account, program=draw.pick(p.programs), parent="shell")
        case 1:
            put(when, host, "connect", account, to=draw.pick((other, "outside")), port=draw.pick(p.ports))
        case 2:
            port = draw.pick([one for one in p.ports if one != p.port])
            put(when, other, "connect", account, to=host, port=port)
            put(when + 1, host, "login", account, source=other, port=port)
        case _:
            put(when, host, "start", account, program=draw.pick(ordinary), parent="login")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Alert on an event that fits `first` and is followed, on the same host and account, by one that fits `then`."""

    first: Mapping[str, tuple[Json, ...]]
    then: Mapping[str, tuple[Json, ...]]
    within: int


def read_rule(document: Json) -> Rule:
    """A handed-in rule. Raises Invalid."""
    return Rule(
        first=_fits(answers.field(document, "first")),
        then=_fits(answers.field(document, "then")),
        within=answers.number(answers.field(document, "within"), 0, DAY),
    )


def alerts(rule: Rule, events: Sequence[Event]) -> frozenset[str]:
    """Ids of the events that the rule alerts on."""
    second: dict[tuple[Json, Json], list[int]] = {}
    for event in events:
        if _matches(event, rule.then):
            second.setdefault((event["host"], event["account"]), []).append(int(str(event["time"])))
    found = set()
    for event in events:
        if _matches(event, rule.first):
            at = int(str(event["time"]))
            later = second.get((event["host"], event["account"]), [])
            if any(0 <= when - at <= rule.within for when in later):
                found.add(str(event["id"]))
    return frozenset(found)


def f1(found: frozenset[str], truth: frozenset[str]) -> float:
    """Harmonic mean of precision and recall; 0 when nothing right was found."""
    return 2 * len(found & truth) / (len(found) + len(truth)) if found & truth else 0.0


def _fits(value: Json) -> dict[str, tuple[Json, ...]]:
    held = answers.mapping(value)
    if not 1 <= len(held) <= 8:
        raise Invalid("one to eight fields were expected")
    made: dict[str, tuple[Json, ...]] = {}
    for name, wanted in held.items():
        choices = tuple(wanted) if isinstance(wanted, list) else (wanted,)
        if len(choices) > 32 or not all(isinstance(one, str | int) and not isinstance(one, bool) for one in choices):
            raise Invalid("texts or whole numbers were expected")
        made[name] = choices
    return made


def _matches(event: Event, wanted: Mapping[str, tuple[Json, ...]]) -> bool:
    return all(name in event and any(event[name] == one for one in choices) for name, choices in wanted.items())
