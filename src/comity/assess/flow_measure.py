"""The measuring within an engagement: seal a generated battery, run it inside the window, score it into a signed card.

(1) the custodian's host makes one secret; seeds, marks and salts follow from it, and it is sealed as a leaf of its own
(2) nothing runs before two persons opened battery and threshold for exactly these runs
(3) the window is looked at while a run goes on; what it cuts is cut, never failed
(4) every finished run is on the disk, as ciphertext under the engagement's key, before the next one is chosen
(5) transcripts are kept sealed; the folder they were written to is deleted with the run
(6) the card is worked out of the ledger alone, in the closed state, and signed
"""

import json
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import rfc8785

from comity.assess import commit, flow, flow_acts, moves, pairs, probes, scope, window
from comity.assess.flow import FLOW, Machines
from comity.assess.flow_acts import LEAVES, Told
from comity.assess.papers import Done, Values
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.dossier import Engagement, Flag, Joint, Sealing
from comity.model.engagement import Seat, State
from comity.model.ids import EngagementId
from comity.model.party import Viewer
from comity.store import engagement_calls, engagements
from comity.store.crypt import decrypt, encrypt
from comity.store.engine import Tx

SECRET: Final = "battery secret"  # noqa: S105  the name of a leaf
"""Name of the leaf, and of the sealed file, that everything of a generated battery follows from."""
PROTOCOL: Final = "protocol"
ENTRIES: Final = "entries"
RUNS: Final = "runs"
"""Subject of the two persons' agreement to open the battery, and the threshold, for the runs."""
OPENED: Final = "runs-opened"
CHUNK_BYTES: Final = 8 * 1024 * 1024
SCRIPTED: Final = "scripted subject, not an AI model"
MOST_PER_FAMILY: Final = 200
SUSPECTED: Final = "suspected"
RUN_HEADER: Final = "X-Comity-Run"
"""By which the gateway keeps each run's own token budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is measured. A scripted subject of known ability, or the engaged model through the gateway."""

    scripted_minutes: float | None = None
    scripted_seed: int = 0
    gateway: str = ""
    """Address of the gateway, up to /v1."""
    gateway_key: str = ""
    statement: bytes | None = None
    """The signed statement about the virtual machine, without which no real model starts."""
    trusted: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a stretch of runs came to."""

    runs: int
    ended: str
    tokens: int


def seal_generated(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, values: Values) -> Told:
    """(1) A battery made here, committed to leaf by leaf, with the analysis plan and the threshold beside it."""
    from comity.assess import protocol as plans
    from comity.assess.adaptive import Policy
    from comity.assess.battery.families import FAMILIES
    from comity.assess.battery.flow import Bench
    from comity.assess.battery.leaf import leaf
    from comity.assess.flow_items import Generated, items_from

    secret = secrets.token_bytes(32)
    families = tuple(one for one in values.get("families", "").replace(",", " ").split() if one)
    made_from: dict[str, Any] = {
        "per_family": _number(values, "per_family", 4, MOST_PER_FAMILY),
        "families": families or tuple(FAMILIES),
    }
    unknown = sorted(set(families) - set(FAMILIES))
    if unknown:
        reason = f"of {', '.join(sorted(FAMILIES))}"
        raise Invalid("no such family", [Problem("/families", "unknown_family", reason)])
    with Bench(machines.contained) as bench:
        made = Generated(items=items_from(secret, **made_from), bench=bench, secret=secret)
        bodies = [(item.id, leaf(item)) for item in made.items]
        entries, root = tuple(made.entries), made.root
    threshold = flow_acts.threshold_of(values)
    leaves = [flow_acts.salted(name, body) for name, body in [*bodies, (SECRET, secret)]]
    if threshold is not None:
        leaves.append(flow_acts.salted(commit.THRESHOLD, flow_acts.threshold_body(threshold)))
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        terms = moves.digest_in_hand(held)
        if held.state is not State.AGREED or terms is None or held.in_hand is None:
            raise Conflict("seal under agreed terms: both sides sign first")
        by = flow_acts.hand(tx, machines, viewer, as_)
        limits = held.in_hand.limits
        sealed = next((one.digest for one in leaves if one.name == commit.THRESHOLD), None)
        plan = plans.Protocol(
            subject=held.in_hand.model,
            level=held.attested.level if held.attested else "C1",
            battery=f"comity generated battery: {', '.join(sorted({one.family for one in entries}))}",
            battery_root=root,
            items=len(entries),
            policy=Policy(most_runs=_number(values, "most_runs", 60, 5000), margin_log2=plans.GUESSED_MARGIN),
            budget=plans.Budget(stages=(limits.run_tokens,), most_tokens=limits.total_tokens),
            threshold_commitment=sealed or "",
        )
        text = rfc8785.dumps(plans.as_json(plan))
        leaves.append(flow_acts.salted(commit.PLAN, text))
        top = commit.root(leaves)
        sealing = Sealing(
            terms=terms,
            battery_root=top,
            leaves=len(leaves),
            plan=leaves[-1].digest,
            threshold=sealed,
            threshold_label=scope.text(values, "label", least=0, most=scope.SHORT_LIMIT),
            sealed_by=by.signed(top),
        )
        keep = {
            f"{LEAVES}-{top[:16]}": flow_acts.kept(leaves),
            SECRET: secret,
            PROTOCOL: text,
            ENTRIES: json.dumps({**made_from, "entries": [asdict(one) for one in entries]}).encode(),
        }
        for name, data in keep.items():
            engagements.keep_file(tx, machines.custody, id_, name, data)
        after = replace(held, sealings=(*held.sealings, sealing), runs_planned=len(entries))
        done = Done(engagement=after, sentence=f"{len(leaves)} leaves are sealed under {top[:16]}.", signs=top)
        return flow_acts.told(flow.finish(machines, tx, held, done, by, act="generate"), done)


def conduct(
    machines: Machines, viewer: Viewer, id_: EngagementId, subject: Subject, *, progress: Callable[[Any], None]
) -> Ran:
    """Run, or go on, until the rule stops it, the budget is spent or the window closes.

    Forbidden without the two openings, and for a subject that may not start under this containment.
    """
    from comity.assess.battery.flow import Bench
    from comity.assess.flow_items import Generated, items_from
    from comity.assess.flow_run import conduct as campaign

    threshold = _opened(machines, viewer, id_, subject)
    with machines.store.read() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        if held.state is not State.OPEN or not window.is_open(held.window, machines.now()):
            raise Conflict("the window is not open: nothing runs")
        secret = engagements.file(tx, machines.custody, id_, SECRET)
        plan = _plan(tx, machines, held)
        made_from, entries = _entries(tx, machines, held)
    assert held.window is not None
    logs = _folder(machines, id_) / "transcripts"
    with Bench(machines.contained, own=subject.scripted_minutes is not None) as bench, _ledger(machines, id_) as ledger:
        battery = Generated(items=items_from(secret, **made_from), bench=bench, secret=secret)
        if tuple(battery.entries) != entries:
            raise Conflict("the battery that is made again is not the one that was sealed: another release made it")
        try:
            found = campaign(
                plan,
                battery=battery,
                subject=_subject(subject, battery, held),
                admitted=_admitted(machines, subject, held),
                ledger=ledger,
                host=machines.contained,
                logs=logs,
                threshold_minutes=threshold,
                clock=machines.now,
                ends_at=held.window.end,
                stop=lambda: not _is_open(machines, id_) or _key_is_dead(machines, subject),
                progress=_Showing(machines, id_, progress),
            )
        finally:
            _keep_transcripts(machines, id_, logs)
    return Ran(runs=len(found.attempts), ended=found.ended, tokens=sum(one.tokens for one in found.attempts))


def score(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, values: Values) -> Told:
    """(6) Work the card out of what is held, sign it, and hand it over."""
    from comity.assess.card import Facts, as_rows, compose
    from comity.assess.flow_run import collected
    from comity.assess.protocol import bank

    with machines.store.read() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        if held.state is not State.CLOSED:
            raise Conflict("a card is worked out when the window is closed")
        plan, (_, entries) = _plan(tx, machines, held), _entries(tx, machines, held)
        opened = json.loads(engagements.file(tx, machines.custody, id_, OPENED))
        spent = engagement_calls.spent(tx, id_)
        own = [engagements.file(tx, machines.custody, id_, n).decode() for n in _own(tx, id_, held)]
    is_scripted = opened["scripted_minutes"] is not None
    admitted = _admitted_again(opened)
    with _ledger(machines, id_) as ledger:
        campaign = collected(plan, entries, bank(entries), ledger, opened["threshold"], admitted)
    blocks = probes.blocks(held.probes)
    drift = not blocks or not all(one.stands for one in blocks)
    terms, sealing = held.in_hand, held.sealing
    assert terms is not None
    assert sealing is not None
    assert held.window is not None
    name = f"{SCRIPTED} ({terms.model})" if is_scripted else terms.model
    facts = Facts(
        developer=held.developer_name,
        model=name,
        endpoint="the developer's own, reached through the gateway; its address is not told",
        access_given=(terms.access.value, f"safeguards {terms.safeguards.value}", f"{terms.window_days} days at most"),
        access_withheld=tuple(line for line in terms.withheld.splitlines() if line) or ("the developer named nothing",),
        threat_model=terms.scope,
        contamination="every item was generated for this engagement alone",
        comment_by=held.developer_name,
        determiner=", ".join(one.name for one in held.holders(Seat.DETERMINER)),
        deviations=tuple(f"block {one.number} does not stand: {one.reason}" for one in blocks if not one.stands)
        + tuple(f"flag {one.name}: {one.about}; {one.word}" for one in held.flags),
        commitments={
            "battery root of the engagement": sealing.battery_root,
            "analysis plan": sealing.plan,
            "threshold": sealing.threshold or "none",
            "terms": sealing.terms,
        },
        window={
            "begun": held.window.start.isoformat(),
            "ended": held.window.end.isoformat(),
            "ended because": held.ended_because or "not told",
            "calls through the gateway": str(spent.calls),
        },
        conflicts=tuple(f"{one.seat.value}, {one.name}: {one.declared}" for one in held.seats if one.declared),
        reasons={
            "version_digest": "the developer gave none; the version was pinned by probes from outside",
            "human_baselines": "no human was timed on these items",
            "comment": "the developer comments after reading; the comment stands beside the card in the engagement",
        },
        developer_key=terms.developer_key,
        developer_papers=tuple(own),
        notes=tuple(
            note
            for note in (
                f"The threshold is called: {sealing.threshold_label}." if sealing.threshold_label else "",
                f"What was measured is a {SCRIPTED}." if is_scripted else "",
            )
            if note
        ),
    )
    made = compose(
        facts,
        plan,
        entries=entries,
        bank=campaign.bank,
        runs=as_rows(decided(campaign.attempts, held)),
        threshold_minutes=campaign.threshold_minutes,
        ended=campaign.ended or held.ended_because,
        level_sentence=admitted.sentence,
        machine=admitted.machine,
        signers=[machines.cards.key_id],
        at=machines.now(),
        level=admitted.level.value,
        ledger_head=campaign.ledger_head,
        drift=drift,
    )
    file = machines.cards.sign(made)
    return flow_acts.hand_card_over(machines, viewer, id_, as_, {**values, "card": file.decode()})


def _own(tx: Tx, id_: EngagementId, held: Engagement) -> list[str]:
    """The newest of the developer's own signatures under terms and under digests, where the terms name a key."""
    if held.in_hand is None or not held.in_hand.developer_key:
        return []
    names = [name for name in engagements.file_names(tx, id_) if name.startswith(flow.OWN)]
    found = ([n for n in names if n.endswith(f"-{act}")] for act in ("sign", "countersign"))
    return [some[-1] for some in found if some]


def suspicion(number: int) -> str:
    """Name of the flag that a tripwire raises, by the place of the run in the ledger: it names no item."""
    return f"run {number} suspected"


def decided(attempts: Sequence[Any], held: Engagement) -> list[Any]:
    """Suspected runs as two persons decided: cheated, or what the grader said. Undecided ones stay suspected."""
    flags = {one.name: one for one in held.flags}
    made = []
    for number, one in enumerate(attempts, 1):
        flag = flags.get(suspicion(number))
        if one.outcome != SUSPECTED or flag is None or not (flag.confirmed or flag.overruled):
            made.append(one)
        elif flag.confirmed:
            made.append(replace(one, outcome="cheated", note="a tripwire fired; confirmed by two persons"))
        else:
            made.append(replace(one, outcome=one.under or "failed", note="a tripwire fired; overruled by two persons"))
    return made


HANDLERS: Final = {"generate": seal_generated, "score": score}


def _opened(machines: Machines, viewer: Viewer, id_: EngagementId, subject: Subject) -> float | None:
    """(2) The threshold in minutes, once two persons opened battery and threshold for the runs; sealed for a resume."""
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        if Seat.OPERATOR not in held.seats_of(viewer.person):
            raise Forbidden("the operator makes the runs")
        if held.state is not State.OPEN or not window.is_open(held.window, machines.now()):
            raise Conflict("the window is not open: nothing runs, and nothing is opened for runs")
        sealing = held.sealing
        if sealing is None or SECRET not in engagements.file_names(tx, id_):
            raise Conflict("no generated battery is sealed here: the custodian makes one with `generate`")
        if OPENED in engagements.file_names(tx, id_):
            kept: dict[str, Any] = json.loads(engagements.file(tx, machines.custody, id_, OPENED))
            if kept["root"] != sealing.battery_root or kept["scripted_minutes"] != subject.scripted_minutes:
                raise Conflict("these runs were begun with another battery or another subject")
            found: float | None = kept["threshold"]
            return found
        by = flow_acts.hand(tx, machines, viewer, Seat.OPERATOR)
        used, threshold = pairs.used(held, Joint.BATTERY, RUNS, at=by.at), None
        if sealing.threshold is not None:
            used = pairs.used(used, Joint.THRESHOLD, RUNS, at=by.at)
            shown = flow_acts.opening(tx, machines, held, commit.THRESHOLD)
            threshold = float(json.loads(shown.leaf.body)[flow_acts.THRESHOLD_SHAPE])
        admitted = _admitted(machines, subject, held)
        body = {
            "root": sealing.battery_root,
            "threshold": threshold,
            "scripted_minutes": subject.scripted_minutes,
            "level": admitted.level.value,
            "why": admitted.why,
            "machine": dict(admitted.machine),
        }
        engagements.keep_file(tx, machines.custody, id_, OPENED, json.dumps(body).encode())
        done = Done(engagement=used, sentence="")
        flow.finish(machines, tx, held, done, by, act="open battery and threshold for the runs")
    return threshold


def _plan(tx: Tx, machines: Machines, held: Engagement) -> Any:
    from comity.assess.protocol import from_json

    return from_json(json.loads(engagements.file(tx, machines.custody, held.id, PROTOCOL)))


def _entries(tx: Tx, machines: Machines, held: Engagement) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """What the battery was made from, and every entry of it."""
    from comity.assess.protocol import Entry

    kept = json.loads(engagements.file(tx, machines.custody, held.id, ENTRIES))
    made_from = {"per_family": kept["per_family"], "families": tuple(kept["families"])}
    return made_from, tuple(Entry(**row) for row in kept["entries"])


def _folder(machines: Machines, id_: EngagementId) -> Path:
    return machines.settings.data / "assess" / id_


@contextmanager
def _ledger(machines: Machines, id_: EngagementId) -> Iterator[Any]:
    """(4) The ledger of runs, each line sealed under the engagement's own key."""
    from comity.assess.flow_ledger import Ledger

    with machines.store.read() as tx:
        key = engagements.data_key(tx, machines.custody, id_)
    place = f"runs of {id_}"
    path = _folder(machines, id_) / "runs.ledger"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Ledger(
        path, seal=lambda plain: encrypt(key, place, plain), unseal=lambda sealed: decrypt(key, place, sealed)
    ) as ledger:
        yield ledger


def _subject(subject: Subject, battery: Any, held: Engagement) -> Any:
    from comity.assess.flow_scripted import subject as scripted
    from comity.assess.protocol import bank

    if subject.scripted_minutes is not None:
        return scripted(
            bank(battery.entries), battery.task, minutes=subject.scripted_minutes, seed=subject.scripted_seed
        )
    from comity.evals.subjects import Reached

    assert held.in_hand is not None
    return Reached(
        name=f"openai-api/comity/{held.in_hand.model}",
        base_url=subject.gateway,
        api_key=subject.gateway_key,
        run_header=RUN_HEADER,
    )


def _admitted(machines: Machines, subject: Subject, held: Engagement) -> Any:
    """Whether this subject may start here. A real model needs a fresh statement, and nothing overrides that."""
    from comity.evals import levels
    from comity.sealing import statement
    from comity.sealing.keys import read_public

    if subject.scripted_minutes is not None:
        return levels.scripted()
    keys = [read_public(document) for document in subject.trusted]

    def verify(envelope: bytes) -> dict[str, Any]:
        opened = statement.verify(envelope, levels.STATEMENT, keys)
        return {**opened.predicate, "key": opened.key.id}

    assert held.in_hand is not None
    return levels.real(held.in_hand.model, subject.statement, verify=verify, now=machines.now())


def _admitted_again(opened: dict[str, Any]) -> Any:
    from comity.evals.levels import Admitted, Level

    return Admitted(level=Level(opened["level"]), why=opened["why"], machine=opened["machine"])


def _is_open(machines: Machines, id_: EngagementId) -> bool:
    """(3)"""
    with machines.store.read() as tx:
        try:
            held = engagements.get(tx, machines.custody, id_, FLOW)
        except Missing:
            return False
    return held.state is State.OPEN and window.is_open(held.window, machines.now())


def _key_is_dead(machines: Machines, subject: Subject) -> bool:
    """Whether the operator's gateway key is over: the runs stop, and go on with a fresh one, instead of all failing."""
    if not subject.gateway:
        return False
    with machines.store.read() as tx:
        return engagement_calls.key_of(tx, subject.gateway_key, at=machines.now()) is None


@dataclass(slots=True)
class _Showing:
    """Counts in the record how many runs are done, and hands on what is known after each."""

    machines: Machines
    id_: EngagementId
    then: Callable[[Any], None]

    def __call__(self, seen: Any) -> None:
        with self.machines.store.write() as tx:
            held = engagements.get(tx, self.machines.custody, self.id_, FLOW)
            if held.state is State.OPEN:
                note = f"{seen.tokens:,} tokens so far."
                flags = held.flags
                if seen.outcome == SUSPECTED and suspicion(seen.done) not in {one.name for one in flags}:
                    flags = (*flags, Flag(name=suspicion(seen.done), about="a tripwire fired; the run is suspected"))
                engagements.save(tx, self.machines.custody, replace(held, runs_done=seen.done, note=note, flags=flags))
        self.then(seen)


def _keep_transcripts(machines: Machines, id_: EngagementId, logs: Path) -> None:
    """(5) Every file of the engine's log goes into the engagement, sealed; the folder is deleted."""
    files = sorted(path for path in logs.rglob("*") if path.is_file()) if logs.is_dir() else []
    if files:
        with machines.store.write() as tx:
            try:
                known = engagements.file_names(tx, id_)
            except Missing:
                known = ()
            number = sum(name.startswith("transcript-") for name in known)
            for path in files:
                packed = zlib.compress(path.read_bytes())
                for start in range(0, len(packed), CHUNK_BYTES):
                    number += 1
                    name = f"transcript-{number:04d}.zlib"
                    try:
                        engagements.keep_file(tx, machines.custody, id_, name, packed[start : start + CHUNK_BYTES])
                    except Missing:
                        break  # erased meanwhile: nothing is kept
    shutil.rmtree(logs, ignore_errors=True)


def _number(values: Values, name: str, default: int, most: int) -> int:
    found = values.get(name, "").strip()
    if not found:
        return default
    number = int(found) if found.isascii() and found.isdigit() and len(found) < 9 else 0
    if not 1 <= number <= most:
        raise Invalid(f"{name} cannot be read", [Problem(f"/{name}", "out_of_range", f"1 to {most}")])
    return number
