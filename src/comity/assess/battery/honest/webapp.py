"""Hold the guards against the rights table of the README: use a difference, or write the guards that it asks for."""

import json
import re
from collections.abc import Mapping
from typing import Any

RULES = {
    "owner": 'user["name"] == record["owner"]',
    "team": 'user["team"] == record["team"]',
    "rank": 'user["rank"] >= record["rank"]',
}


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Requests that reach the withheld record, or the repaired application."""
    readme, code = files["README.md"].decode(), files["app.py"].decode()
    if side == "defence":
        return {"app.py": _repaired(readme, code).encode()}
    records = {(one["of"], one["id"]): one for one in json.loads(files["records.json"])}
    guards = dict(re.findall(r"def may_read_(\w+)\(user, record\):\n    return .*record\[\"(\w+)\"\]", code))
    name, team, rank = re.findall(r"account (\w+) has .* team (\w+), rank (\d+)", readme)[0]
    me = {"owner": name, "team": team, "rank": int(rank)}
    goal = re.findall(r"give record (\w+) (\w+) to", prompt)[0]
    chain = [goal]
    while by := records[chain[0]]["opened_by"]:
        chain.insert(0, tuple(by.split()))
    asked: list[dict[str, Any]] = [
        {"do": "login", "name": name, "password": re.findall(r"has the password (\w+)", readme)[0]}
    ]
    token, before = {"from": 0, "field": "token"}, 0
    for place, (of, key) in enumerate(chain):
        record, rule = records[of, key], guards[of]
        passes = me["rank"] >= record["rank"] if rule == "rank" else me[rule] == record[rule]
        if not passes and rule == "team":
            asked.append({"do": "profile", "token": token, "field": "team", "value": record["team"]})
            me["team"] = record["team"]
        asked.append({"do": "read", "token": token, "of": of, "id": key})
        if place:
            asked[-1]["code"] = {"from": before, "field": "next"}
        before = len(asked) - 1
    return {"requests.json": json.dumps(asked).encode()}


def _repaired(readme: str, code: str) -> str:
    table = re.findall(r"^\| (\w+) \| .*?(owner|team|rank) \|$", readme, flags=re.MULTILINE)
    for of, rule in table:
        code = re.sub(rf"(def may_read_{of}\(user, record\):\n    return ).*", rf"\g<1>{RULES[rule]}", code)
    fields = re.findall(r"no others: (.*)\.", readme)[0].split(", ")
    return re.sub(r"MAY_SET = .*", f"MAY_SET = ({', '.join(repr(one) for one in fields)},)", code)
