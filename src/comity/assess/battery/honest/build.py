"""Make every product of a run again, hold builders, sources and stamps against the notes; or write that as a policy."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:  # noqa: ARG001  # one signature for all
    """The tampered step with what it taints, or the policy."""
    terms, stamped = _noted(files["NOTES.md"].decode())
    if side == "defence":
        policy = {"recompute": True, "link": True, "sources": "last review", "stamped": stamped, "builders": terms}
        return {"policy.json": json.dumps(policy).encode()}
    graph, record = json.loads(files["build.json"]), json.loads(files["record.json"])
    steps = {one["step"]: one for one in graph["steps"]}
    step, kind = _fault(steps, record, terms, stamped)
    reach = {step}
    for one in graph["steps"]:
        reach |= {one["step"]} if reach & set(one["inputs"]) else set()
    finding = {"step": step, "kind": kind, "tainted": sorted(reach & set(graph["delivered"]))}
    return {"finding.json": json.dumps(finding).encode()}


def _noted(notes: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Builders' terms and stamped steps, read out of the change notes."""
    ends = {name: int(at) for name, at in re.findall(r"(\w+) stops at (\d+)", notes)}
    begins = re.findall(r"from (\d+) on, (\w+) runs steps of role (\w+)", notes)
    terms = [{"builder": b, "role": r, "since": int(at), "until": ends.get(b, 1000)} for at, b, r in begins]
    return terms, re.findall(r"step (\w+) puts a stamp", notes)


def _fault(
    steps: Mapping[str, Any], record: Mapping[str, Any], terms: list[dict[str, Any]], stamped: list[str]
) -> tuple[str, str]:
    reviewed, made = dict(record["reviews"]), {row["step"]: row["product"] for row in record["steps"]}
    for row in record["steps"]:
        step = steps[row["step"]]
        serving = [t["builder"] for t in terms if t["role"] == step["role"] and t["since"] <= row["time"] < t["until"]]
        if _product(step["command"], row["materials"], row["stamp"]) != row["product"]:
            return step["step"], "product"
        if row["stamp"] and step["step"] not in stamped:
            return step["step"], "stamp"
        if row["builder"] not in serving:
            return step["step"], "builder"
        for name, digest in row["materials"].items():
            if digest != {**reviewed, **made}[name]:
                return step["step"], "material" if name in made else "source"
    return "", ""


def _product(command: str, materials: Mapping[str, str], stamp: str) -> str:
    """As README.md has it."""
    text = "|".join([command, *(f"{name}={materials[name]}" for name in sorted(materials)), stamp])
    return hashlib.sha256(text.encode()).hexdigest()[:24]
