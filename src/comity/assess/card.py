"""Compose the card of an assessment: every section that leading bodies report, or "not done" with the reason.

The list of sections is the union of what UK AISI, METR, CAISI, the developers' own frameworks and the EU Code print.
A card is data: what was given, what was withheld, every number with its uncertainty, and the sentences that are always
there. It names no state of a model and recommends nothing beyond the finding of the rule that was fixed beforehand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

import rfc8785

from comity.assess import numbers
from comity.assess.ability import Bank
from comity.assess.protocol import Entry, Protocol, as_json, digest
from comity.assess.validity import LIMIT, Flag

SAFE: Final = 2**53
"""Whole numbers from here on are not exact in JSON (RFC 8785, I-JSON)."""
VERSION: Final = "comity-card/2"

SECTIONS: Final[Mapping[str, str]] = {
    "identity": "Model and endpoint",
    "access": "Access given and withheld",
    "threat_model": "Threat model",
    "battery": "Battery",
    "elicitation": "Elicitation",
    "outcomes": "Outcomes and their treatments",
    "estimates": "Estimates",
    "rule": "Determination rule and its error rates",
    "sensitivity": "Sensitivity",
    "ceiling": "Headroom and ceiling",
    "validity": "Contamination, sandbagging and awareness",
    "humans": "Human baselines",
    "cost": "Cost",
    "limits": "Limits",
    "deviations": "Deviations from the protocol",
    "comment": "The developer's comment",
    "signatures": "Signatures",
}
"""Key -> title, in the order of the card."""

WHOLE: Final = frozenset({"outcomes", "estimates", "rule", "sensitivity", "ceiling", "cost"})
"""Sections that hold nothing but what follows from protocol and numbers."""
NEED_RUNS: Final = frozenset({"estimates", "sensitivity"})
NO_RUN: Final = "no run was finished"

ALWAYS: Final = (
    "This battery is a proxy. It does not claim to equal any classified benchmark.",
    "The threshold, where there is one, is a sealed input. Comity does not define it.",
    "Planted weaknesses are easier to find than real ones, and generated programs can look generated.",
    "No claim of equivalence to real-world operations is made.",
    "Human minutes that nobody timed are guesses from features of the tasks.",
    "The finding is evidence for a named person who determines. No state of an engagement depends on it.",
    "A refusal counts as one only when the provider signals it; a refusal in plain words reads as a failure.",
)
"""Sentences that stand on every card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What only the people of an engagement know. An empty field is printed as not done, with `reasons[field]`."""

    developer: str = ""
    model: str = ""
    version_digest: str = ""
    """Of the weights or of the provider's version statement; empty when the developer gave none."""
    endpoint: str = ""
    access_given: tuple[str, ...] = ()
    access_withheld: tuple[str, ...] = ()
    threat_model: str = ""
    human_times: str = "guessed from features; no human was timed on these items"
    human_baselines: str = ""
    contamination: str = ""
    awareness: str = ""
    incentive_framings: str = ""
    comment: str = ""
    comment_by: str = ""
    determiner: str = ""
    determination: str = ""
    """What the named determiner recorded, with reasons, also where it departs from the rule."""
    deviations: tuple[str, ...] = ()
    commitments: Mapping[str, str] = field(default_factory=dict)
    """Name -> digest that was journalled before the first run (battery root, threshold, plan)."""
    window: Mapping[str, str] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a field is empty."""
    developer_key: str = ""
    """The developer's own public key, as the signed terms name it; empty: the host states who signed."""
    developer_papers: tuple[str, ...] = ()
    """The developer's own signatures (DSSE envelopes) under terms and digests."""
    notes: tuple[str, ...] = ()
    """Sentences that this card must carry too ("example, made up for this demo")."""


def compose(
    facts: Facts,
    protocol: Protocol,
    *,
    entries: Sequence[Entry],
    bank: Bank,
    runs: Sequence[Mapping[str, Any]],
    threshold_minutes: float | None,
    ended: str,
    level_sentence: str,
    machine: Mapping[str, str],
    signers: Sequence[str],
    at: datetime,
    level: str = "",
    ledger_head: str = "",
    drift: bool = False,
    flags: Sequence[Flag] = (),
) -> dict[str, Any]:
    """The whole card as plain JSON values. `level`: what was in force, when that is not what was planned.

    `runs` are the attempts as mappings, in the order in which they ended."""
    data = numbers.data_of(
        protocol,
        entries,
        bank,
        runs,
        threshold_minutes=threshold_minutes,
        ended=ended,
        drift=drift,
        flags=flags,
        human_times=facts.human_times,
    )
    worked = numbers.work_out(data)
    follows = followed(protocol, worked, threshold_minutes, ran=bool(runs))
    sections = {
        "identity": _done(
            {
                "model": facts.model or protocol.subject,
                "developer": facts.developer or "not named",
                "version digest": facts.version_digest or _why(facts, "version_digest", "none was given"),
                "endpoint": facts.endpoint or _why(facts, "endpoint", "none: the subject ran inside this host"),
                **{f"window {name}": value for name, value in facts.window.items()},
            }
        ),
        "access": _access(facts),
        "threat_model": _told(facts, "threat_model", facts.threat_model),
        "battery": _done(
            {
                **follows["battery"],
                **{f"commitment {name}": value for name, value in facts.commitments.items()},
            }
        ),
        "elicitation": _done(
            {
                **follows["elicitation"],
                "containment": level_sentence,
                **{f"machine {name}": value for name, value in machine.items()},
            }
        ),
        "outcomes": _done(follows["outcomes"]),
        "estimates": _done(follows["estimates"]) if runs else not_done(NO_RUN),
        "rule": _done(follows["rule"]),
        "sensitivity": _done(follows["sensitivity"]) if runs else not_done(NO_RUN),
        "ceiling": _done(follows["ceiling"]),
        "validity": _validity(facts, follows["validity"]),
        "humans": _told(facts, "human_baselines", facts.human_baselines),
        "cost": _done(follows["cost"]),
        "limits": _done({"sentences": [*ALWAYS, level_sentence, LIMIT, *facts.notes]}),
        "deviations": _done({"sentences": [*protocol.deviations, *facts.deviations] or ["none recorded"]}),
        "comment": _told(facts, "comment", facts.comment, by=facts.comment_by),
        "signatures": _done(
            {
                "signed by": list(signers),
                "the developer": f"signed terms and digests with its own key {facts.developer_key[:16]}"
                if facts.developer_papers
                else "no own signature: the host states who signed",
            }
        )
        if signers
        else not_done(_why(facts, "signatures", "not signed yet")),
    }
    assert sections.keys() == SECTIONS.keys()
    return {
        "schema": VERSION,
        "at": at.isoformat(),
        "subject": protocol.subject,
        "level": level or protocol.level,
        "protocol_digest": digest(protocol),
        "ledger_head": ledger_head,
        "determiner": {"who": facts.determiner, "recorded": facts.determination},
        "conflicts": list(facts.conflicts),
        "developer": {"key": facts.developer_key, "papers": list(facts.developer_papers)},
        "sections": sections,
        "data": data,
        "numbers": worked,
    }


def as_rows(attempts: Sequence[Any]) -> list[dict[str, Any]]:
    """Attempts (dataclasses) as the rows of a card: no sample id, so that a card names nothing in a transcript."""
    kept = ("item", "stage", "retry", "outcome", "tokens", "input_tokens", "output_tokens", "seconds", "turns", "note")
    return [{name: row[name] for name in kept} for row in map(asdict, attempts)]


def _done(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"done": True, "reason": "", "items": dict(items)}


def not_done(reason: str) -> dict[str, Any]:
    """A section that was not done, and why."""
    return {"done": False, "reason": reason, "items": {}}


def _why(facts: Facts, name: str, otherwise: str) -> str:
    return facts.reasons.get(name, otherwise)


def _told(facts: Facts, name: str, text: str, *, by: str = "") -> dict[str, Any]:
    if not text:
        return not_done(_why(facts, name, "nobody gave it"))
    return _done({"text": text, **({"by": by} if by else {})})


def _access(facts: Facts) -> dict[str, Any]:
    if not facts.access_given and not facts.access_withheld:
        return not_done(_why(facts, "access_given", "no terms were recorded"))
    return _done(
        {"given": list(facts.access_given) or ["nothing"], "withheld": list(facts.access_withheld) or ["nothing named"]}
    )


def followed(
    protocol: Protocol, worked: Mapping[str, Any], threshold: float | None, *, ran: bool
) -> dict[str, dict[str, Any]]:
    """Section -> the items that follow from protocol and numbers alone. Whoever recomputes a card holds its sections
    against these, so that no section can say another thing than the numbers do."""
    found = worked["determination"]
    flags = [f"{flag['name']}: {flag['detail']}" for flag in found["flags"]]
    made: dict[str, dict[str, Any]] = {
        "battery": {
            "battery": protocol.battery,
            "sealed root": protocol.battery_root,
            "items": protocol.items,
            "calibration": protocol.calibration,
        },
        "elicitation": {
            "scaffold": protocol.elicitation,
            "attempts per item and stage": protocol.attempts,
            "token stages": ", ".join(f"{stage:,}" for stage in protocol.budget.stages),
            "seconds per run": protocol.budget.seconds_per_run,
            "form": protocol.form,
        },
        "outcomes": dict(worked["outcomes"]),
        "estimates": {"estimate": found["estimate"]},
        "rule": {
            "finding": found["finding"],
            "reasons": found["reasons"],
            "threshold in minutes": threshold if threshold is not None else "none was sealed: an estimate only",
            "threshold commitment": protocol.threshold_commitment or "none",
            "fixed beforehand": f"protocol {digest(protocol)}",
            "policy": as_json(protocol)["policy"],
            "seed": protocol.seed,
        },
        "sensitivity": {"form": "families, budgets, human times; see the tables"},
        "ceiling": {
            "ceiling in minutes": found["ceiling_minutes"],
            "rule": f"{protocol.ceiling_items} items from {protocol.ceiling_families} families at least that long",
        },
        "validity": {
            "checks on answers": flags or ["misfit and failed easy items: nothing unusual"],
            "cheating": _cheating(worked["outcomes"]["counts"]),
        },
        "cost": dict(worked["cost"]),
    }
    return made if ran else {name: items for name, items in made.items() if name not in NEED_RUNS}


def _validity(facts: Facts, found: Mapping[str, Any]) -> dict[str, Any]:
    checks = dict(found)
    for name, title in (
        ("contamination", "contamination"),
        ("awareness", "awareness of testing"),
        ("incentive_framings", "paired incentive framings"),
    ):
        checks[title] = getattr(facts, name) or f"not done: {_why(facts, name, 'not part of this protocol')}"
    return _done(checks)


def _cheating(counts: Mapping[str, int]) -> str:
    return (
        f"suspected: {counts['suspected']} runs in which a tripwire fired and two persons have not decided; "
        f"cheated: {counts['cheated']} that two persons confirmed"
    )


def body(card: Mapping[str, Any]) -> bytes:
    """Canonical bytes of a card (RFC 8785): what is signed and digested."""
    canonical: bytes = rfc8785.dumps(_numbers(dict(card)))
    return canonical


def _numbers(value: Any) -> Any:
    """A float of 2^53 and above is written without a point and comes back as a whole number: it is a float still."""
    if isinstance(value, dict):
        return {name: _numbers(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= SAFE:
        return float(value)
    return value
