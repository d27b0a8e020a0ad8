"""Tasks can be solved from what a solver is given: honest solvers that read the public files and the prompt, no more.

Each is a few lines of what a person would do. They also show that the public files say enough: where a family's answer
were a matter of luck, its solver would fail on some seed.
"""

import json
import random
import re
from itertools import combinations
from typing import Any

import pytest

from comity.assess.battery import grading
from comity.assess.battery.build_record import product
from comity.assess.battery.families import at_level, generate
from comity.assess.battery.task import Item, Side
from tests.battery.test_twins import loaded

ITEMS = [(seed, level) for level in range(5) for seed in range(3)]


def documents(item: Item, name: str) -> Any:
    text = item.public[name].decode()
    return [json.loads(line) for line in text.splitlines()] if name.endswith(".jsonl") else json.loads(text)


def paid(item: Item, side: Side, name: str, answer: object) -> bool:
    return grading.at_once(item, side, {name: json.dumps(answer).encode()}).solved


def walk(rules: list[dict[str, str]], start: str) -> dict[str, list[str]]:
    """Role -> rules of a way there."""
    queue: list[tuple[str, frozenset[str], list[str]]] = [(start, frozenset(), [])]
    seen, found = {(start, frozenset[str]())}, {start: []}
    for role, tags, way in queue:
        for rule in rules:
            needs, unless = rule.get("needs_tag"), rule.get("unless_tag")
            if rule["from"] != role or (needs and needs not in tags) or (unless and unless in tags):
                continue
            after = (rule["assume"], tags | ({rule["gives_tag"]} if "gives_tag" in rule else frozenset()))
            if after not in seen:
                seen.add(after)
                queue.append((*after, [*way, rule["id"]]))
                found.setdefault(after[0], [*way, rule["id"]])
    return found


@pytest.mark.parametrize(("seed", "level"), ITEMS)
def test_a_permission_policy_is_walked_and_cut_by_trying(seed, level):
    item = generate("permissions", seed, at_level("permissions", level))
    rules, needed = documents(item, "policy.json")["rules"], documents(item, "needed.json")
    start, goal = re.findall(r"role (\w+)", item.tasks[Side.OFFENCE].prompt)[:2]
    assert paid(item, Side.OFFENCE, "path.json", {"rules": walk(rules, start)[goal]})
    for size in (1, 2):
        for gone in combinations([rule["id"] for rule in rules], size):
            left = [rule for rule in rules if rule["id"] not in gone]
            if goal not in walk(left, start) and all(one["to"] in walk(left, one["from"]) for one in needed):
                assert paid(item, Side.DEFENCE, "fix.json", {"remove": list(gone)})
                return
    pytest.fail("no fix of two rules")


def noted(item: Item) -> tuple[list[dict[str, Any]], list[str]]:
    """Builders' terms and stamped steps, read out of the change notes."""
    notes = item.public["NOTES.md"].decode()
    ends = {name: int(at) for name, at in re.findall(r"(\w+) stops at (\d+)", notes)}
    begins = re.findall(r"from (\d+) on, (\w+) runs steps of role (\w+)", notes)
    terms = [{"builder": b, "role": r, "since": int(at), "until": ends.get(b, 1000)} for at, b, r in begins]
    return terms, re.findall(r"step (\w+) puts a stamp", notes)


@pytest.mark.parametrize(("seed", "level"), ITEMS)
def test_a_build_is_recomputed_and_its_policy_read_out_of_the_notes(seed, level):
    item = generate("build", seed, at_level("build", level))
    graph, record = documents(item, "build.json"), documents(item, "record.json")
    terms, stamped = noted(item)
    policy = {"recompute": True, "link": True, "sources": "last review", "stamped": stamped, "builders": terms}
    assert paid(item, Side.DEFENCE, "policy.json", policy)
    steps, reviewed = {one["step"]: one for one in graph["steps"]}, dict(record["reviews"])
    made = {row["step"]: row["product"] for row in record["steps"]}
    faults = []
    for row in record["steps"]:
        step = steps[row["step"]]
        serving = [t for t in terms if t["role"] == step["role"] and t["since"] <= row["time"] < t["until"]]
        faults += [(step["step"], "product")] * (
            product(step["command"], row["materials"], row["stamp"]) != row["product"]
        )
        faults += [(step["step"], "stamp")] * bool(row["stamp"] and step["step"] not in stamped)
        faults += [(step["step"], "builder")] * (row["builder"] not in [t["builder"] for t in serving])
        for name, digest in row["materials"].items():
            kind = "material" if name in made else "source"
            faults += [(step["step"], kind)] * (digest != {**reviewed, **made}[name])
    assert len(faults) == 1
    reach = {faults[0][0]}
    for one in graph["steps"]:
        reach |= {one["step"]} if reach & set(one["inputs"]) else set()
    finding = {"step": faults[0][0], "kind": faults[0][1], "tainted": sorted(reach & set(graph["delivered"]))}
    assert paid(item, Side.OFFENCE, "finding.json", finding)


def variants(line: str, constants: list[str]) -> list[str]:
    """The line with every other operator or constant."""
    used = next(one for one in constants if one in line)
    made = []
    for operator in ("<=", "!=", "<", ">", "min", "max", "//", " + ", " - ", " ^ ", " % "):
        if operator.strip() not in line:
            continue
        for other in ("<=", "!=", "<", ">", "min", "max", " // ", " + ", " - ", " ^ ", " % "):
            made.append(line.replace(operator, other, 1))
    made += [line.replace("[(-", "[("), line.replace("[xs[(", "[xs[(-")]
    return [one.replace(used, constant) for one in (line, *made) for constant in constants]


@pytest.mark.parametrize("seed", range(6))
def test_a_root_cause_is_found_by_changing_one_line_at_a_time(seed):
    item = generate("rootcause", seed, {"stages": 6})
    lines, rows = item.public["pipeline.py"].decode().splitlines(), documents(item, "examples.jsonl")
    constants = [line.split(" = ")[0] for line in lines if re.match(r"[A-Z]+ = ", line)]
    draw = random.Random(seed)
    drawn = [[draw.choice((0, 1, 255, draw.randrange(256))) for _ in range(draw.randrange(1, 14))] for _ in range(400)]
    found: dict[int, list[Any]] = {}
    for number, line in enumerate(lines):
        if not line.startswith("    xs = ["):
            continue
        for other in variants(line, constants):
            try:
                run = loaded("\n".join([*lines[:number], other, *lines[number + 1 :]]).encode())["run"]
                if all(run(row["input"]) == row["right"] for row in rows) and all(
                    run(one) is not None for one in drawn
                ):
                    found.setdefault(number + 1, []).append(run)
            except (SyntaxError, ZeroDivisionError, TypeError, NameError, IndexError):
                continue
    assert len(found) == 1
    line, fitting = next(iter(found.items()))
    right = fitting[-1]
    wrong = loaded(item.public["pipeline.py"])["run"]
    given = next(row["input"] for row in rows if wrong(row["input"]) != row["right"])
    while True:
        shorter = [given[:place] + given[place + 1 :] for place in range(len(given))]
        failing = [one for one in shorter if right(one) != wrong(one)]
        if not failing:
            break
        given = failing[0]
    assert paid(item, Side.OFFENCE, "cause.json", {"line": line, "input": given})
    # more than one repair may fit the examples (seed 4 is so): a careful test holds for each of them
    sure = [one for one in drawn if all(run(one) == right(one) for run in fitting) and one not in given_inputs(rows)]
    cases = [{"input": one, "expect": right(one)} for one in sure if right(one) != wrong(one)][:20]
    assert paid(item, Side.DEFENCE, "tests.json", {"cases": cases})


def given_inputs(rows: list[dict[str, Any]]) -> list[list[int]]:
    """Inputs that the public examples hold: a regression test brings its own."""
    return [row["input"] for row in rows]


@pytest.mark.parametrize(("seed", "level"), ITEMS)
def test_a_history_is_replayed_until_the_table_comes_out(seed, level):
    item = generate("history", seed, at_level("history", level))
    commits = re.split(r"^commit (\w+)\n.*\n\n", item.public["history.txt"].decode(), flags=re.MULTILINE)[1:]
    versions, lines = [], []
    for number, (name, body) in enumerate(zip(commits[::2], commits[1::2], strict=True)):
        changes = body.splitlines()
        gone = sum(one.startswith("-") for one in changes)
        fresh = [one[1:] for one in changes if one.startswith("+")]
        head = int(re.match(r"@@ line (\d+) @@", body)[1]) - 1 if number else 0
        lines = [*lines[:head], *fresh, *lines[head + gone :]]
        versions.append((name, "\n".join(lines).rstrip("\n") + "\n"))
    assert versions[-1][1] == item.public["head.py"].decode()
    rows = documents(item, "table.jsonl")
    runs = [(name, loaded(text.encode())["run"]) for name, text in versions]
    first = next(n for n, (_, run) in enumerate(runs) if all(run(row["input"]) == row["right"] for row in rows))
    before, after = runs[first - 1][1], runs[first][1]
    base = next(row["input"] for row in rows if before(row["input"]) != row["right"])
    tries = [[(value + shift) % 256 for value in base] for shift in range(1, 256)]
    trigger = next(one for one in tries if before(one) != after(one))
    assert paid(item, Side.OFFENCE, "fix.json", {"commit": runs[first][0], "trigger": trigger})


@pytest.mark.parametrize(("seed", "level"), ITEMS)
def test_an_intruder_is_the_longest_chain_of_logins_that_a_mail_began(seed, level):
    item = generate("intrusion", seed, at_level("intrusion", level))
    events = documents(item, "events.jsonl")
    ahead = {event["host"]: event["ahead"] for event in events if event["kind"] == "clock"}
    for event in events:
        event["at"] = event["time"] - ahead[event["host"]]
    starts = [event for event in events if event["kind"] == "start"]
    by_place: dict[tuple[str, str], list[int]] = {}
    for event in starts:
        if event["parent"] == "login":
            by_place.setdefault((event["host"], event["account"]), []).append(event["at"])
    moves = [
        (event["at"], event["host"], event["to"], event["port"])
        for event in events
        if event["kind"] == "connect"
        and any(0 <= at - event["at"] <= 302 for at in by_place.get((event["to"], event["account"]), ()))
    ]

    def longest(host: str, at: int, port: int | None) -> list[str]:
        further = [
            longest(to, when, used)
            for when, source, to, used in moves
            if source == host and at < when <= at + 2700 and port in {None, used}
        ]
        return [host, *max(further, key=len, default=[])]

    ways = [
        (longest(event["host"], event["at"], None), event["account"]) for event in starts if event["parent"] == "mail"
    ]
    way, account = max(ways, key=lambda one: len(one[0]))
    assert paid(item, Side.OFFENCE, "way.json", {"account": account, "hosts": way})
    port = next(used for _, source, to, used in moves if (source, to) == (way[0], way[1]))
    taken = {event["program"] for event in starts if event["host"] in way and event["parent"] == "login"}
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
    assert tools <= taken
    rule = {
        "first": {"kind": "login", "port": port},
        "then": {"kind": "start", "program": sorted(tools)},
        "within": 300,
    }
    if len(tools) == 2:  # a day on which a tool was not seen, its login line missing, does not tell it
        assert paid(item, Side.DEFENCE, "rule.json", rule)


@pytest.mark.parametrize(("seed", "level"), ITEMS)
def test_a_web_application_is_read_beside_its_rights_table(seed, level):
    item = generate("webapp", seed, at_level("webapp", level))
    readme, code = item.public["README.md"].decode(), item.public["app.py"].decode()
    records = {(one["of"], one["id"]): one for one in documents(item, "records.json")}
    guards = dict(re.findall(r"def may_read_(\w+)\(user, record\):\n    return user\[\"(\w+)\"\]", code))
    table = dict(re.findall(r"^\| (\w+) \| .*?(owner|team|rank) \|$", readme, flags=re.MULTILINE))
    assert set(table) == set(guards)
    password = re.search(r"has the password (\w+)", readme)[1]
    guest = {"name": "guest", "team": "visitors", "rank": 2}

    def lets(rule: str, record: dict[str, Any]) -> bool:
        return (
            guest["rank"] >= record["rank"] if rule == "rank" else guest[rule] == record[rule.replace("name", "owner")]
        )

    of, key = re.search(r"give record (\w+) (\w+) to guest", item.tasks[Side.OFFENCE].prompt).groups()
    assert not lets({"owner": "name"}.get(table[of], table[of]), records[of, key])
    chain = [(of, key)]
    while by := records[chain[0]]["opened_by"]:
        chain.insert(0, tuple(by.split()))
    asked: list[dict[str, Any]] = [{"do": "login", "name": "guest", "password": password}]
    token, before = {"from": 0, "field": "token"}, 0
    for place, (of, key) in enumerate(chain):
        record = records[of, key]
        if not lets(guards[of], record):
            assert '"team"' in re.search(r"MAY_SET = (.*)", code)[1]
            asked.append({"do": "profile", "token": token, "field": "team", "value": record["team"]})
        asked.append({"do": "read", "token": token, "of": of, "id": key})
        if place:
            asked[-1]["code"] = {"from": before, "field": "next"}
        before = len(asked) - 1
    assert paid(item, Side.OFFENCE, "requests.json", asked)


def reached(links: list[list[Any]], start: str) -> set[str]:
    found, queue = {start}, [start]
    for host in queue:
        for source, to, _ in links:
            if source == host and to not in found:
                found.add(to)
                queue.append(to)
    return found


@pytest.mark.parametrize(("seed", "level"), [(seed, level) for level in range(3) for seed in range(3)])
def test_a_network_is_cut_by_trying_the_fewest_links(seed, level):
    item = generate("chain", seed, at_level("chain", level))
    net = documents(item, "network.json")
    for size in (1, 2, 3):
        for gone in combinations(net["links"], size):
            left = [link for link in net["links"] if link not in gone]
            if net["crown"] in reached(left, net["entry"]):
                continue
            if all(to in reached(left, source) for source, to in net["services"]):
                answer = {"cut": [[source, to] for source, to, _ in gone]}
                assert paid(item, Side.DEFENCE, "rules.json", answer)
                return
    pytest.fail("no cut of three links")
