"""The counter of compliance snapshots: make a signed one, and check one that somebody hands over.

Checking needs no store, no account and no network: the bundle, and the key that is trusted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from comity.access.policy import Action, allow
from comity.defend import attest, flow, flow_advice
from comity.defend.attest import Inputs
from comity.errors import Invalid, Tampered
from comity.formats import bundle
from comity.model.events import Event, Kind
from comity.model.ids import digest
from comity.model.party import Viewer
from comity.sealing import statement
from comity.sealing.keys import PublicKey, SigningKey
from comity.store import journal

__all__ = ["Attest", "Checked", "Snapshot", "verify"]


MOST_NAMED: Final = 500
"""Inventories named in the statement itself, which has a limit; `inventories.json`, signed with it, has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A signed bundle and its counts."""

    data: bytes
    summary: Mapping[str, Any]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A snapshot that holds: who signed it, what it counts, and how much was computed again."""

    key: PublicKey
    summary: Mapping[str, Any]
    files: int
    verdicts: int
    deadlines: int

    @property
    def is_demo(self) -> bool:
        """True for what a demo key signed."""
        return self.key.demo


@dataclass(frozen=True, slots=True, kw_only=True)
class Attest:
    """The calls, on the flow's machines."""

    machines: flow.Machines
    key: SigningKey

    def make(self, viewer: Viewer) -> Snapshot:
        """A signed snapshot of what this viewer sees: own organisation, own domain. Invalid when there is nothing."""
        allow(viewer, Action.READ_ESTATE)
        machines = self.machines
        with machines.store.read() as tx:
            inputs = flow_advice.snapshot_inputs(tx, machines, viewer)
        if not inputs.inventories:
            raise Invalid("there is nothing to take a snapshot of: register an inventory first")
        made = signed(inputs, self.key)
        with machines.store.write() as tx:
            name = digest(made.data)
            journal.append(
                tx,
                Event(
                    kind=Kind.SNAPSHOT_MADE,
                    key=f"snapshot:{name}",
                    at=machines.now(),
                    subjects=(),
                    facts={"sha256": name},
                    actor=viewer.person,
                ),
            )
        return made


def signed(inputs: Inputs, key: SigningKey) -> Snapshot:
    """The bundle for these inputs, signed."""
    files = attest.files_of(inputs)
    summary = attest.summary_of(files)
    envelope = statement.sign(attest.subjects(files), attest.SNAPSHOT, _predicate(inputs, summary, key), key)
    data = bundle.pack(files | {attest.STATEMENT: envelope})
    at = inputs.parameters.at
    return Snapshot(data=data, summary=summary, name=f"comity-snapshot-{at:%Y%m%dT%H%M%SZ}.zip")


def verify(data: bytes, trusted: Sequence[PublicKey]) -> Checked:
    """Check a bundle, offline. Each refusal is Tampered and names its step and what broke:
    (1) the archive is whole, and holds a signed statement;
    (2) a trusted key signed that statement (steps of `statement.verify`);
    (3) it says of itself whether a demo key signed it;
    (4) its files are those that the statement names, each with its digest;
    (5) verdicts, deadlines and counts, computed again from the bundle's inputs, are those that it holds.
    """
    # (1)
    try:
        files = bundle.unpack(data)
    except Invalid as error:
        raise Tampered(f"(1) {error}: {error.problems[0].reason}") from error
    envelope = files.pop(attest.STATEMENT, None)
    if envelope is None:
        raise Tampered(f"(1) the bundle holds no {attest.STATEMENT}: nobody stands behind it")
    # (2)
    held = statement.verify(envelope, attest.SNAPSHOT, trusted)
    # (3)
    if held.predicate.get("demo") is not held.key.demo:
        raise Tampered("(3) the statement hides, or pretends, that a demo key signed it")
    # (4)
    present = attest.subjects(files)
    for name in sorted({*present, *held.subjects}):
        if name not in held.subjects:
            raise Tampered(f"(4) {name} is in the bundle and not in the statement: it was added")
        if name not in present:
            raise Tampered(f"(4) {name} is in the statement and not in the bundle: it was taken out")
        if present[name] != held.subjects[name]:
            raise Tampered(f"(4) {name} was changed: its SHA-256 is not the one that was signed")
    # (5)
    try:
        again = attest.outcomes(files)
    except Invalid as error:
        where = f" ({error.problems[0].pointer}: {error.problems[0].reason})" if error.problems else ""
        raise Tampered(f"(5) {error}{where}") from error
    for name in attest.OUTCOMES:
        told = attest.difference(name, files.get(name, b""), again[name])
        if told:
            raise Tampered(f"(5) {told}")
    summary = attest.summary_of(files)
    return Checked(
        key=held.key,
        summary=summary,
        files=len(files),
        verdicts=sum(summary["components"].values()),
        deadlines=int(summary["findings"]),
    )


def _predicate(inputs: Inputs, summary: Mapping[str, Any], key: SigningKey) -> dict[str, statement.Json]:
    chosen = inputs.parameters
    feeds: list[statement.Json] = [
        {"ecosystem": one.ecosystem, "source": one.source, "asOf": one.as_of.isoformat(), "sha256": one.digest}
        for one in inputs.mirrors.feeds
    ]
    documents: list[statement.Json] = [
        {"inventory": one.inventory, "sha256": one.document} for one in inputs.inventories[:MOST_NAMED]
    ]
    counts: dict[str, statement.Json] = {
        name: summary[name]
        for name in ("findings", "overdue", "not_assessed", "ask_a_person", "defaulted", "unknown_inputs")
    }
    components: dict[str, statement.Json] = dict(summary["components"])
    return {
        "organisation": chosen.organisation,
        "at": chosen.at.isoformat(),
        "tool": chosen.tool,
        "inventories": documents,
        "feeds": feeds,
        "counts": counts | {"components": components},
        "demo": key.public.demo,
        "signedFor": key.public.organisation,
    }
