"""Put the clocks right, join logins into moves, take the longest chain that a mail began: a rule is in it."""

import json
from collections.abc import Mapping
from typing import Any

Event = dict[str, Any]
Move = tuple[int, str, str, int]
LATER = 302
"""Seconds from a connection to what the login starts."""
PAUSE = 2700
"""Longest wait between two moves."""


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:  # noqa: ARG001  # one signature for all
    """The intruder's way, or a rule for other days."""
    events: list[Event] = [json.loads(line) for line in files["events.jsonl"].decode().splitlines()]
    ahead = {event["host"]: event["ahead"] for event in events if event["kind"] == "clock"}
    for event in events:
        event["at"] = event["time"] - ahead[event["host"]]
    starts = [event for event in events if event["kind"] == "start"]
    moves = _moves(events, starts)
    ways = [
        (_longest(moves, one["host"], one["at"], None), one["account"]) for one in starts if one["parent"] == "mail"
    ]
    way, account = max(ways, key=lambda one: len(one[0]))
    if side == "offence":
        return {"way.json": json.dumps({"account": account, "hosts": way}).encode()}
    port = next(used for _, source, to, used in moves if (source, to) == (way[0], way[1]))
    logins = [event for event in events if event["kind"] == "login" and event["port"] == port]
    tools = {
        start["program"]
        for start in starts
        for login in logins
        if start["host"] == login["host"] in way
        and login["source"] in way
        and start["account"] == login["account"]
        and 0 <= start["at"] - login["at"] <= 300
        and way.index(login["host"]) == way.index(login["source"]) + 1
    }
    rule = {
        "first": {"kind": "login", "port": port},
        "then": {"kind": "start", "program": sorted(tools)},
        "within": 300,
    }
    return {"rule.json": json.dumps(rule).encode()}


def _moves(events: list[Event], starts: list[Event]) -> list[Move]:
    """Connections after which the same account started something by login on the other host."""
    by_place: dict[tuple[str, str], list[int]] = {}
    for event in starts:
        if event["parent"] == "login":
            by_place.setdefault((event["host"], event["account"]), []).append(event["at"])
    return [
        (event["at"], event["host"], event["to"], event["port"])
        for event in events
        if event["kind"] == "connect"
        and any(0 <= at - event["at"] <= LATER for at in by_place.get((event["to"], event["account"]), ()))
    ]


def _longest(moves: list[Move], host: str, at: int, port: int | None) -> list[str]:
    """Hosts of the longest chain of moves over one port that goes on from here."""
    further = [
        _longest(moves, to, when, used)
        for when, source, to, used in moves
        if source == host and at < when <= at + PAUSE and port in {None, used}
    ]
    return [host, *max(further, key=len, default=[])]
