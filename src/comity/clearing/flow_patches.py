"""What happens to a proposed patch: a model is asked for one if need be, it climbs, and what it reached is signed.

Every rung is a step of its own: killed at any point, the flow goes on with the next rung and says the same. Diffs,
prompts and statements are sealed files of the patch; the engine's tables hold ids and one word.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

from comity.clearing import flow, proposing
from comity.clearing.flow_ladder import Attempt
from comity.durable.flows import Flow, step
from comity.durable.flows import flow as named
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem, Unavailable
from comity.formats import ladder_kit
from comity.formats import recipe as recipes
from comity.language import Endpoint, Limits, Prompt, ask, endpoint
from comity.model.asked import Answered
from comity.model.case import Case
from comity.model.events import Event, Kind
from comity.model.evidence import Reproduced, Role
from comity.model.ids import CaseId, Digest, PartyId, ReportId, code, digest
from comity.model.party import Viewer
from comity.model.patch import CLIMBED, Asking, Kit, Origin, Patch, Review, Rise, Rung, level_word
from comity.model.recipe import Recipe
from comity.sealing.patches import Climbed
from comity.settings import Settings
from comity.store import blobs, cases, done, journal, patches, reports
from comity.store.engine import Store, Tx

CLIMB: Final = "clearing.patch"
REACHED: Final = "reached"
STOPPED: Final = "stopped"
ASK_LIMITS: Final = Limits(input_bytes=80_000, answer_bytes=400_000)


class Climber(Protocol):
    """Climbs in the sandbox."""

    def rise(self, attempt: Attempt, rung: Rung) -> Rise:
        """One rung. Forbidden: no containment for it; Unavailable: an archive cannot be had."""

    def files(self, recipe: Recipe, attached: Mapping[Digest, bytes]) -> tuple[Mapping[str, bytes], bool]:
        """The unpatched target's files, and whether the archive is known to be released."""

    def environment(self) -> Digest:
        """Digest of what holds the runs and what runs them."""

    @property
    def tier(self) -> str:
        """Containment in force."""


class Signer(Protocol):
    """Signs on behalf of the host."""

    def patch(self, climbed: Climbed) -> bytes:
        """The signed statement (DSSE envelope) of how far a patch got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What the flow works with. `leave` says why the register of AI defence forbids to ask a model; "" when not."""

    store: Store
    settings: Settings
    climber: Climber
    signer: Signer
    now: Callable[[], datetime]
    leave: Callable[[], str]
    demo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A reproduced case, ready for patches: the report whose proof counts, its recipe, its attachments and its kit."""

    case: Case
    report: ReportId
    recipe: Recipe
    attached: Mapping[Digest, bytes]
    kit: Kit | None
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What coordination may hand to a maintainer: the patch that got furthest, and its author's or the case's test."""

    patch: str
    rung: Rung
    diff: bytes
    test: bytes
    """The regression test as a file; b"" when none is kept apart from the kit."""
    statement: bytes
    sentence: str


def flows(machines: Machines) -> tuple[Flow, ...]:
    """The flow of one patch."""

    @named(CLIMB)
    def climb_patch(patch: str) -> None:
        if step("ask", asked, machines, patch) == REACHED:
            for rung in CLIMBED:
                if step(f"rung {rung.value}", climbed, machines, patch, rung.value) != REACHED:
                    break
        step("settle", settled, machines, patch)

    return (climb_patch,)


# Taking in ----------------------------------------------------------------------------------------------------------


def held(tx: Tx, case_id: CaseId, viewer: Viewer, *, wanted: Digest | None = None) -> Held:
    """The case with its newest reproducer, or that of the recipe `wanted`, which a patch was taken in for.

    Missing when hidden; Conflict when nothing was reproduced: there is no ladder.
    """
    case = cases.get(tx, case_id, viewer)
    for validation in reversed(case.validations):
        if not isinstance(validation.verdict, Reproduced) or validation.recipe is None:
            continue
        if wanted is not None and validation.recipe != wanted:
            continue
        report = reports.get(tx, validation.report, flow.FLOW)
        attached: dict[Digest, bytes] = {}
        for one in report.finding.attachments:
            try:
                attached[one.digest] = blobs.get(tx, one.digest, record=reports.record(report.id))
            except Missing:
                continue
        for one in report.finding.attachments:
            if one.role is not Role.RECIPE or one.digest not in attached:
                continue
            recipe = recipes.read(attached[one.digest])
            if recipe.digest == validation.recipe:
                kit = next((kit for kit in ladder_kit.shipped_kits() if kit.recipe == recipe.digest), None)
                return Held(
                    case=case,
                    report=report.id,
                    recipe=recipe,
                    attached=attached,
                    kit=kit,
                    summary=report.finding.summary,
                )
    raise Conflict(f"case {case_id} has no reproducer: without a proof that fires, silence means nothing")


def offer(
    machines: Machines,
    viewer: Viewer,
    name: str,
    case_id: CaseId,
    *,
    diff: bytes,
    test: bytes,
    kit: bytes,
    origin: Origin,
    seed: int,
) -> Patch:
    """Keep a patch that somebody wrote; its flow is started by the caller. Invalid for a kit of another recipe."""
    at = machines.now()
    with machines.store.write() as tx:
        found = held(tx, case_id, viewer)
        chosen = _kit_of(found, kit)
        patch = Patch(
            id="P-" + code(secrets.token_bytes(8), 12),
            case=found.case.id,
            report=found.report,
            origin=origin,
            offered_by=viewer.person,
            offered_name=name,
            offered_at=at,
            recipe=found.recipe.digest,
            seed=seed,
        )
        record = patches.record(patch.id)
        patch = replace(
            patch,
            diff=blobs.put(tx, diff, record=record),
            test=blobs.put(tx, test, record=record) if test else None,
            kit=chosen.digest if chosen is not None else None,
            kit_file=blobs.put(tx, kit, record=record) if kit else None,
        )
        patches.add(tx, patch)
        _note(tx, machines, Kind.PATCH_OFFERED, f"patch:{patch.id}", patch, viewer.person, {"origin": str(origin)})
    return patch


def _kit_of(found: Held, kit: bytes) -> Kit | None:
    if not kit:
        return found.kit
    read = ladder_kit.read(kit)
    if read.recipe != found.recipe.digest:
        raise Invalid("the kit belongs to another recipe: its `recipe` is the digest of this one")
    return read


def question(machines: Machines, viewer: Viewer, case_id: CaseId, model: str) -> tuple[Endpoint, proposing.Shown, Held]:
    """Whom a model would be asked at, and what would go out. Forbidden, Unavailable or Conflict when nobody may."""
    where = endpoint(machines.settings)
    if where is None:
        raise Unavailable("no model is configured: set COMITY_MODEL_ENDPOINT and COMITY_MODEL")
    with machines.store.read() as tx:
        found = held(tx, case_id, viewer)
    reason = machines.leave()
    if reason:
        with machines.store.write() as tx:  # the register learns of the wish by this entry
            facts = {"model": model or where.model, "asked": "no: the register of AI defence has none in use"}
            key = f"patch-wish:{case_id}:{model or where.model}"
            at = machines.now()
            subjects = (case_id,)
            journal.append(
                tx, Event(kind=Kind.PATCH_ASKED, key=key, at=at, subjects=subjects, facts=facts, actor=viewer.person)
            )
        raise Forbidden(f"no model is asked: {reason}; `comity ai list`, then `comity ai move ENTRY pilot`")
    _, is_public = machines.climber.files(found.recipe, found.attached)
    settings = machines.settings
    allowed = proposing.shown(
        settings.patch_fields, settings.patch_label, tlp=found.case.handling.tlp, source_is_public=is_public
    )
    tokens = settings.patch_output_tokens
    return replace(where, model=model or where.model, output_tokens=tokens), allowed, found


def wish(
    machines: Machines, viewer: Viewer, name: str, case_id: CaseId, *, model: str, purpose: str, seed: int
) -> Patch:
    """Keep a named person's wish to ask a model, with what goes out, before anything does."""
    where, allowed, found = question(machines, viewer, case_id, model)
    files, _ = machines.climber.files(found.recipe, found.attached)
    prompt = _prompt(allowed, found, files)
    sealed = str(prompt.messages()).encode()
    at = machines.now()
    with machines.store.write() as tx:
        id_ = "P-" + code(secrets.token_bytes(8), 12)
        record = patches.record(id_)
        patch = Patch(
            id=id_,
            case=found.case.id,
            report=found.report,
            origin=Origin.MODEL,
            offered_by=viewer.person,
            offered_name=name,
            offered_at=at,
            recipe=found.recipe.digest,
            seed=seed,
            kit=found.kit.digest if found.kit is not None else None,
            asking=Asking(
                by=viewer.person,
                by_name=name,
                is_script=viewer.is_script,
                purpose=purpose,
                fields=allowed.fields,
                withheld=allowed.withheld,
                provider=where.address,
                model=where.model,
                prompt=blobs.put(tx, sealed, record=record),
                at=at,
            ),
        )
        patches.add(tx, patch)
        facts = {"model": where.model, "provider": urlsplit(where.address).hostname or "", "prompt": prompt.digest}
        facts["fields"] = " ".join(allowed.fields)
        _note(tx, machines, Kind.PATCH_ASKED, f"patch:{id_}", patch, viewer.person, facts)
    return patch


def _prompt(allowed: proposing.Shown, found: Held, files: Mapping[str, bytes]) -> Prompt:
    data = proposing.data_of(allowed, recipe=found.recipe, kit=found.kit, files=files, summary=found.summary)
    return Prompt(name="patch", version="1", instructions=proposing.INSTRUCTIONS, data=data, schema=proposing.SCHEMA)


# Climbing -----------------------------------------------------------------------------------------------------------


def asked(machines: Machines, id_: str) -> str:
    """Ask the model where the patch is still to be written. `REACHED` when there is a diff to climb with."""
    key = f"patch-ask:{id_}"
    with machines.store.read() as tx:
        if done.is_done(tx, key):
            return str(done.result(tx, key))
        patch = patches.get(tx, id_, flow.FLOW)
        found = held(tx, patch.case, flow.FLOW, wanted=patch.recipe)
    if patch.diff is not None or patch.asking is None:
        return REACHED if patch.diff is not None else STOPPED
    where = endpoint(machines.settings)
    files, is_public = machines.climber.files(found.recipe, found.attached)
    settings = machines.settings
    # the policy is read again: what it has withdrawn since the wish does not go out
    allowed = proposing.shown(
        settings.patch_fields, settings.patch_label, tlp=found.case.handling.tlp, source_is_public=is_public
    )
    allowed = replace(allowed, fields=tuple(one for one in allowed.fields if one in patch.asking.fields))
    prompt = _prompt(allowed, found, files)
    answer = None
    ended = machines.leave()
    if not ended and where is not None and where.address != patch.asking.provider:
        ended = "the model's endpoint changed after the consent, so nothing was sent"
    if not ended:
        if where is not None:
            where = replace(where, model=patch.asking.model, output_tokens=settings.patch_output_tokens)
        answer = ask(where, prompt, check=proposing.check, limits=ASK_LIMITS)
        ended = "" if isinstance(answer, Answered) else answer.asked.sentence

    def keep() -> str:
        held_ = patches.get(tx, id_, flow.FLOW)
        assert held_.asking is not None
        asking = replace(held_.asking, asked=answer.asked if answer is not None else None)
        if not isinstance(answer, Answered):
            patches.save(tx, replace(held_, asking=asking, ended=f"no patch: {ended}"))
            return STOPPED
        record = patches.record(id_)
        test = proposing.test_of(answer.value)
        diff = blobs.put(tx, proposing.diff_of(answer.value), record=record)
        said = " ".join(str(answer.value["root_cause"]).split())
        patches.save(
            tx,
            replace(
                held_,
                asking=asking,
                diff=diff,
                test=blobs.put(tx, test, record=record) if test else None,
                claim=said,
            ),
        )
        return REACHED

    with machines.store.write() as tx:
        return str(done.once(tx, key, machines.now(), keep))


def attempt(tx: Tx, patch: Patch) -> Attempt:
    """Everything that decides how far a patch gets."""
    found = held(tx, patch.case, flow.FLOW, wanted=patch.recipe)
    record = patches.record(patch.id)
    assert patch.diff is not None
    kit = found.kit
    if patch.kit_file is not None:
        kit = ladder_kit.read(blobs.get(tx, patch.kit_file, record=record))
    return Attempt(
        recipe=found.recipe,
        attached=found.attached,
        diff=blobs.get(tx, patch.diff, record=record),
        test=blobs.get(tx, patch.test, record=record) if patch.test is not None else b"",
        seed=patch.seed,
        kit=kit,
    )


def climbed(machines: Machines, id_: str, number: int) -> str:
    """Climb one rung, once. `REACHED` or `STOPPED`."""
    key = f"patch-rung:{id_}:{number}"
    rung = Rung(number)
    with machines.store.read() as tx:
        if done.is_done(tx, key):
            return str(done.result(tx, key))
        tried = attempt(tx, patches.get(tx, id_, flow.FLOW))
    try:
        rise = machines.climber.rise(tried, rung)
    except Forbidden:
        rise = Rise(rung=rung, reached=False, said=flow.NOT_RUN[flow.REFUSED])
    except Unavailable:
        rise = Rise(rung=rung, reached=False, said=flow.NOT_RUN[flow.UNAVAILABLE])

    def keep() -> str:
        patch = patches.get(tx, id_, flow.FLOW)
        patches.save(tx, replace(patch, rises=(*patch.rises, rise)))
        return REACHED if rise.reached else STOPPED

    with machines.store.write() as tx:
        return str(done.once(tx, key, machines.now(), keep))


def settled(machines: Machines, id_: str) -> str:
    """The climb is over: sign what was reached. Gives the level."""
    with machines.store.write() as tx:
        return str(done.once(tx, f"patch-settle:{id_}", machines.now(), lambda: _settle(machines, tx, id_)))


def _settle(machines: Machines, tx: Tx, id_: str) -> str:
    patch = patches.get(tx, id_, flow.FLOW)
    level = level_word(patch.level)
    if patch.diff is not None:
        patch = replace(patch, statement=_stated(machines, tx, patch))
    patches.save(tx, replace(patch, is_settled=True))
    facts = {"level": level, "origin": str(patch.origin)}
    _note(tx, machines, Kind.PATCH_CLIMBED, f"patch-climbed:{id_}", patch, flow.FLOW.person, facts)
    return level


def _stated(machines: Machines, tx: Tx, patch: Patch) -> Digest:
    found = held(tx, patch.case, flow.FLOW, wanted=patch.recipe)
    envelope = machines.signer.patch(
        Climbed(
            patch=patch,
            recipe=found.recipe,
            environment=machines.climber.environment(),
            tier=machines.climber.tier,
            at=machines.now(),
        )
    )
    return blobs.put(tx, envelope, record=patches.record(patch.id))


# People -------------------------------------------------------------------------------------------------------------

SHORTEST_ROOT_CAUSE: Final = 40
LONGEST_ROOT_CAUSE: Final = 4_000


def review(machines: Machines, viewer: Viewer, name: str, id_: str, root_cause: str) -> Patch:
    """(L6) A named person, not the one who brought the patch, agrees with the root cause that they state."""
    text = root_cause.strip()
    if not SHORTEST_ROOT_CAUSE <= len(text) <= LONGEST_ROOT_CAUSE:
        reason = f"state the root cause in {SHORTEST_ROOT_CAUSE} to {LONGEST_ROOT_CAUSE} characters"
        raise Invalid("a review says what the root cause is", [Problem("/root_cause", "out_of_range", reason)])
    with machines.store.write() as tx:
        patch = patches.get(tx, id_, viewer)
        if not patch.is_settled or patch.level is not Rung.L5:
            raise Conflict(f"patch {id_} stands at {level_word(patch.level)}; a review comes after L5")
        if viewer.person == patch.offered_by:
            raise Forbidden("who brought a patch does not review it: another named person must")
        if viewer.is_script and not machines.demo:
            raise Forbidden("a script reviews nothing on a host that signs as itself: a person must")
        at = machines.now()
        rise = Rise(rung=Rung.L6, reached=True, said=f"{name} agrees with the root cause", digest=digest(text.encode()))
        patch = replace(
            patch,
            rises=(*patch.rises, rise),
            review=Review(person=viewer.person, name=name, is_script=viewer.is_script, root_cause=text, at=at),
        )
        patch = replace(patch, statement=_stated(machines, tx, patch))
        patches.save(tx, patch)
        _note(tx, machines, Kind.PATCH_REVIEWED, f"patch-reviewed:{id_}", patch, viewer.person, {"level": "L6"})
    return patch


def of_case(machines: Machines, viewer: Viewer, case_id: CaseId) -> tuple[Patch, ...]:
    """A case's patches, oldest first. Missing for a case that this viewer does not see."""
    with machines.store.read() as tx:
        cases.get(tx, case_id, viewer)
        return patches.of(tx, case_id, viewer)


def best(tx: Tx, case_id: CaseId, *, least: Rung = Rung.L2) -> Offer | None:
    """The settled patch that got furthest, the first among equals; None when none reached `least`."""
    found = [one for one in patches.of(tx, case_id, flow.FLOW) if one.is_settled and one.level is not None]
    ranked = sorted(found, key=lambda one: -int(one.level or 0))
    if not ranked or ranked[0].level is None or ranked[0].level < least:
        return None
    top = ranked[0]
    assert top.diff is not None
    assert top.level is not None
    assert top.statement is not None
    record = patches.record(top.id)
    return Offer(
        patch=top.id,
        rung=top.level,
        diff=blobs.get(tx, top.diff, record=record),
        test=blobs.get(tx, top.test, record=record) if top.test is not None else b"",
        statement=blobs.get(tx, top.statement, record=record),
        sentence=top.sentence,
    )


def own_ai(tx: Tx, case_id: CaseId) -> str:
    """What models did in a case, for the letter to its maintainer."""
    sent = best(tx, case_id)
    return proposing.own_ai(patches.of(tx, case_id, flow.FLOW), sent.patch if sent is not None else "")


def unsettled(machines: Machines) -> tuple[str, ...]:
    """Patches that were kept and are not settled: a worker that starts makes sure that each has its flow."""
    with machines.store.read() as tx:
        return patches.unsettled(tx)


def _note(
    tx: Tx, machines: Machines, kind: Kind, key: str, patch: Patch, actor: PartyId, facts: Mapping[str, str]
) -> None:
    event = Event(kind=kind, key=key, at=machines.now(), subjects=(patch.case, patch.id), facts=facts, actor=actor)
    journal.append(tx, event)
