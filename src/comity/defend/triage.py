"""Decide the course of a forensic triage: which step is due when, what the evidence chain is worth, who may patch.

For the three-day tiers of BOD 26-04 that ask for it. The hours are parameters of the pack (one vendor source reports
CISA's guidance: scope in 2, volatile evidence in 24 and before any patch, decision in 72). Evidence stays where the
operator keeps it; here is its digest, in a chain that breaks when an item is changed, swapped, inserted or dropped.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import rfc8785

from comity.defend.due import Answer, AskPerson, Due, NotAssessed, NotBound
from comity.defend.leads import Lead
from comity.errors import Conflict, Invalid, Problem
from comity.model import clock
from comity.model.directive import Pack, Policy, TriageRule
from comity.model.ids import Digest, PartyId, is_digest
from comity.model.triage import Compromise, Ended, Item, LeadTaken, Override, StepDone, Triage, Work

SCHEMA: Final = "comity-triage-manifest/1"
START: Final = Digest("0" * 64)
"""What the first item names as the one before it."""
TEXT_LIMIT: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step with its hours: when it is due, when it was done, and whether it is late."""

    step: str
    text: str
    hours: int
    param: str
    due_at: datetime
    done_at: datetime | None
    by_name: str
    late: bool


def opened(answer: Due, pack: Pack, *, policy: Policy, zone: str, at: datetime, found_at: datetime, by: str) -> Triage:
    """Begin the triage that a tier asks for. Conflict for a tier that asks for none.

    The hours count from the addition to KEV or from first knowledge, by parameter. The catalogue gives a day and no
    hour, so a count from KEV begins with that day there: nobody gains an hour by what is not known.
    """
    rule = pack.triage
    if rule is None or answer.tier not in rule.outcomes:
        raise Conflict(f"{answer.tier_name} asks for no forensic triage")
    choice = pack.parameter(rule.start)
    chosen = choice.chosen(policy) if choice is not None else "kev_added"
    added = answer.start.kev_added
    if chosen == "kev_added" and added is not None:
        where = clock.zone(zone) if zone else clock.zone(_zone(pack, policy))
        begins = clock.end_of_day(added - timedelta(days=1), where) + timedelta(seconds=1)
        words = f"from the addition to KEV on {added.isoformat()} (triage_start: kev_added)"
    else:
        begins = found_at
        words = f"from first knowledge at {found_at:%Y-%m-%d %H:%M} UTC (triage_start: {chosen})"
    return Triage(opened_at=at, opened_by=by, begins=begins, counts_from=words)


def none_because(answer: Answer) -> str:
    """Why no triage is open for this finding, in a sentence. What cannot be told is never said to be unneeded."""
    keep = "if it may have been used against you, keep evidence before you patch"
    match answer:
        case Due():
            return "This finding's tier asks for no forensic triage."
        case NotAssessed():
            return f"Not assessed: {answer.reason}. Whether it asks for forensic triage cannot be told; {keep}."
        case AskPerson():
            return f"A person decides its tier first: {answer.why}. Until then {keep}."
        case NotBound():
            return f"No directive in force says anything of this finding: {answer.reason}."


def steps(triage: Triage, rule: TriageRule, pack: Pack, policy: Policy, at: datetime) -> tuple[Step, ...]:
    """Each step with its hours, in order. `collect` is done by the first volatile item, `decide` by the decision."""
    found = []
    for timer in rule.timers:
        hours = _hours(timer.hours, pack, timer.param, policy)
        due_at = triage.begins + timedelta(hours=hours)
        done = _done(triage, timer.step)
        done_at, by_name = done if done is not None else (None, "")
        found.append(
            Step(
                step=timer.step,
                text=timer.text,
                hours=hours,
                param=timer.param,
                due_at=due_at,
                done_at=done_at,
                by_name=by_name,
                late=(done_at or at) > due_at,
            )
        )
    return tuple(found)


def did(triage: Triage, step: str, rule: TriageRule, *, by: PartyId, by_name: str, at: datetime) -> Triage:
    """A person marks a step done. Invalid for a step the pack lacks; done once, it stays as it was."""
    if step not in {one.step for one in rule.timers} - {"collect", "decide"}:
        reason = "scope and such steps are marked by hand; collecting and deciding are done by doing them"
        raise Invalid("no such step to mark", [Problem("/step", "unknown_step", reason)])
    if any(one.step == step for one in triage.steps):
        return triage
    return replace(triage, steps=(*triage.steps, StepDone(step=step, at=at, by=by, by_name=by_name)))


def collected(
    triage: Triage, *, name: str, volatile: bool, collector: str, at: datetime, tool: str, sha256: str, place: str
) -> Triage:
    """Add a piece of evidence at the end of the chain. Invalid lists what is missing; Conflict once it is decided."""
    if triage.ended is not None:
        raise Conflict("this triage is decided: evidence found later opens a new one")
    problems = [
        Problem(f"/{field}", "empty", "say it")
        for field, text in (("name", name), ("collector", collector), ("tool", tool), ("place", place))
        if not text.strip()
    ]
    problems += [
        Problem(f"/{field}", "too_long", f"at most {TEXT_LIMIT} characters")
        for field, text in (("name", name), ("collector", collector), ("tool", tool), ("place", place))
        if len(text) > TEXT_LIMIT
    ]
    if not is_digest(sha256):
        problems.append(Problem("/sha256", "bad_digest", "64 lower-case hex characters, as sha256sum prints them"))
    if problems:
        raise Invalid("this item is not complete", problems)
    item = Item(
        number=len(triage.items) + 1,
        name=name.strip(),
        volatile=volatile,
        collector=collector.strip(),
        collected_at=at,
        tool=tool.strip(),
        sha256=Digest(sha256),
        place=place.strip(),
        previous=triage.items[-1].hash if triage.items else START,
        hash=START,
    )
    return replace(triage, items=(*triage.items, replace(item, hash=link(item))))


def link(item: Item) -> Digest:
    """SHA-256 over the item's canonical bytes (RFC 8785), which hold the digest of the one before it."""
    return Digest(hashlib.sha256(b"comity triage item v1\n" + rfc8785.dumps(_plain(item))).hexdigest())


def broken(items: Sequence[Item]) -> str:
    """Where the chain breaks, in one sentence; "" for a whole one."""
    before = START
    for place, item in enumerate(items, 1):
        if item.number != place or item.previous != before:
            return f"item {place} does not follow the one before it: an item was swapped, inserted or dropped"
        if link(item) != item.hash:
            return f"item {place} was changed after it was recorded"
        before = item.hash
    return ""


def locked(work: Work | None, answer: Due) -> str:
    """Why the patch may not go yet, or "" when it may: evidence comes before the patch where a triage is asked for."""
    if not answer.triage:
        return ""
    triage = None if work is None else work.triage
    if triage is None:
        return "this tier asks for a triage: open it and collect volatile evidence before anything is patched"
    if triage.override is not None or any(one.volatile for one in triage.items):
        return ""
    return "no volatile evidence is recorded: collect it first, or a named person overrides with a reason"


def followed(triage: Triage, found: Sequence[Lead], *, by: PartyId, by_name: str, at: datetime) -> Triage:
    """A person takes leads over. One that was taken already stays as it was; Conflict once it is decided."""
    if triage.ended is not None:
        raise Conflict("this triage is decided: nothing more is searched for in it")
    held = {one.key for one in triage.leads}
    more = [
        LeadTaken(key=one.key, query=one.query, source=one.source, at=at, by=by, by_name=by_name)
        for one in found
        if one.key not in held
    ]
    return replace(triage, leads=(*triage.leads, *more))


def overridden(triage: Triage, reason: str, *, by: PartyId, by_name: str, is_script: bool, at: datetime) -> Triage:
    """A named person lets the patch go first. The reason stays in the manifest."""
    if len(reason.strip()) < 10:
        raise Invalid("no reason", [Problem("/reason", "empty", "say in a sentence why the patch cannot wait")])
    if triage.override is not None:
        raise Conflict("this was overridden already")
    made = Override(reason=reason.strip()[:TEXT_LIMIT], at=at, by=by, by_name=by_name, is_script=is_script)
    return replace(triage, override=made)


def decided(
    triage: Triage, compromise: Compromise, reason: str, *, by: PartyId, by_name: str, is_script: bool, at: datetime
) -> Triage:
    """A named person decides. Without a reason, or with a broken chain, nothing is decided."""
    if triage.ended is not None:
        raise Conflict("this triage is decided already")
    if not reason.strip():
        raise Invalid("no reason", [Problem("/reason", "empty", "say what the decision rests on")])
    where = broken(triage.items)
    if where:
        raise Conflict(f"the evidence chain does not hold: {where}")
    if compromise is Compromise.NO_EVIDENCE and not triage.items and triage.override is None:
        raise Conflict("no evidence was looked at: collect it, or override with a reason, before deciding that")
    ended = Ended(
        compromise=compromise, reason=reason.strip()[:TEXT_LIMIT], at=at, by=by, by_name=by_name, is_script=is_script
    )
    return replace(triage, ended=ended)


def manifest(work: Work) -> dict[str, Any]:
    """The manifest as plain values: what is signed. Times in RFC 3339."""
    triage = work.triage
    if triage is None:
        raise Conflict("there is no triage to write down")
    return {
        "schema": SCHEMA,
        "asset": work.asset,
        "vulnerability": work.vulnerability,
        "opened": {"at": triage.opened_at.isoformat(), "by": triage.opened_by},
        "countsFrom": triage.counts_from,
        "items": [{**_plain(item), "hash": item.hash} for item in triage.items],
        **({"leads": [_lead(one) for one in triage.leads]} if triage.leads else {}),
        "steps": [{"step": one.step, "at": one.at.isoformat(), "by": one.by_name} for one in triage.steps],
        "override": None
        if triage.override is None
        else {
            "reason": triage.override.reason,
            "by": triage.override.by_name,
            "script": triage.override.is_script,
            "at": triage.override.at.isoformat(),
        },
        "decision": None
        if triage.ended is None
        else {
            "compromise": triage.ended.compromise.value,
            "reason": triage.ended.reason,
            "by": triage.ended.by_name,
            "script": triage.ended.is_script,
            "at": triage.ended.at.isoformat(),
        },
    }


def manifest_bytes(work: Work) -> bytes:
    """Canonical bytes of the manifest (RFC 8785): what the statement's digest is of. Without the signature itself."""
    return rfc8785.dumps(json.loads(json.dumps(manifest(work)))) + b"\n"


def read_items(document: Mapping[str, Any]) -> tuple[Item, ...]:
    """The items of a manifest that somebody hands over, to check their chain. Invalid for another shape."""
    try:
        return tuple(
            Item(
                number=int(one["number"]),
                name=str(one["name"]),
                volatile=bool(one["volatile"]),
                collector=str(one["collector"]),
                collected_at=datetime.fromisoformat(str(one["collectedAt"])),
                tool=str(one["tool"]),
                sha256=Digest(str(one["sha256"])),
                place=str(one["place"]),
                previous=Digest(str(one["previous"])),
                hash=Digest(str(one["hash"])),
            )
            for one in document["items"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("this is no triage manifest", [Problem("/items", "bad_item", "an item lacks a field")]) from error


def _lead(one: LeadTaken) -> dict[str, Any]:
    return {"query": one.query, "source": one.source, "at": one.at.isoformat(), "by": one.by_name}


def _plain(item: Item) -> dict[str, Any]:
    return {
        "number": item.number,
        "name": item.name,
        "volatile": item.volatile,
        "collector": item.collector,
        "collectedAt": item.collected_at.isoformat(),
        "tool": item.tool,
        "sha256": item.sha256,
        "place": item.place,
        "previous": item.previous,
    }


def _done(triage: Triage, step: str) -> tuple[datetime, str] | None:
    if step == "collect":
        volatile = next((one for one in triage.items if one.volatile), None)
        return None if volatile is None else (volatile.collected_at, volatile.collector)
    if step == "decide":
        return None if triage.ended is None else (triage.ended.at, triage.ended.by_name)
    marked = next((one for one in triage.steps if one.step == step), None)
    return None if marked is None else (marked.at, marked.by_name)


def _hours(stated: int, pack: Pack, param: str, policy: Policy) -> int:
    choice = pack.parameter(param)
    text = str(stated) if choice is None else choice.chosen(policy)
    if not text.isdigit() or not 0 < int(text) <= 8760:
        raise Invalid("bad hours", [Problem(f"/{param}", "bad_hours", "a whole number of hours, 1 to 8760")])
    return int(text)


def _zone(pack: Pack, policy: Policy) -> str:
    choice = pack.parameter(pack.clock.zone) if pack.clock is not None and pack.clock.zone else None
    return choice.chosen(policy) if choice is not None else "UTC"
