"""Walk the policy with the tags held on the way; try the fewest rules whose going cuts the goal, no needed way."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import combinations

Rule = Mapping[str, str]


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The rules of a way, or the smallest set to remove."""
    rules, needed = json.loads(files["policy.json"])["rules"], json.loads(files["needed.json"])
    start, goal = _ends(prompt)
    if side == "offence":
        return {"path.json": json.dumps({"rules": walk(rules, start)[goal]}).encode()}
    for size in range(1, 4):
        for gone in combinations([rule["id"] for rule in rules], size):
            left = [rule for rule in rules if rule["id"] not in gone]
            if goal not in walk(left, start) and all(one["to"] in walk(left, one["from"]) for one in needed):
                return {"fix.json": json.dumps({"remove": list(gone)}).encode()}
    return {"fix.json": b'{"remove": []}'}


def _ends(prompt: str) -> tuple[str, str]:
    start, goal = re.findall(r"role (\w+)", prompt)[:2]
    return start, goal


def walk(rules: Sequence[Rule], start: str) -> dict[str, list[str]]:
    """Role -> rules of a way there. A rule may need a tag, forbid one, or give one that stays."""
    queue: list[tuple[str, frozenset[str], list[str]]] = [(start, frozenset(), [])]
    seen, found = {(start, frozenset[str]())}, {start: list[str]()}
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
