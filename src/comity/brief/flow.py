"""What happens to a brief in the store: the only file of this desk that opens it, signs, and reads the clock.

Each act takes a transaction and leaves record, public state, journal entry and notices together or not at all. The
durable flow `notify` tells every receiver of a correction or withdrawal once, however often it is cut off.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from comity.brief import disputed, fingerprint, flow_mail, join, ledger, publish, review, twin
from comity.brief.check import absence
from comity.brief.check.budget import spent
from comity.brief.check.gates import check
from comity.durable.flows import Flow, flow, step
from comity.errors import Conflict, Missing
from comity.model.article import Checked, ReviewState
from comity.model.brief import Absence, Claim, Link, Record
from comity.model.brief import Conflict as Disagreement
from comity.model.events import Event, Kind
from comity.model.evidence import Signal
from comity.model.ids import AdvisoryId, digest
from comity.model.party import ANONYMOUS, Viewer, system
from comity.settings import Settings
from comity.store import done, drafts, journal, published, subscribers, upstream
from comity.store.engine import Store, Tx

FLOW = system("brief-flow")
"""On whose behalf the flow reads: it sees what this desk owns."""
NOTIFY = "brief.notify"
WEEK = timedelta(days=7)
FEEDS = ("feed:atom", "feed:rss", "feed:json")


class Signer(Protocol):
    """Signs on behalf of the host."""

    def seal(self, name: str, data: bytes, *, approved_by: str, at: datetime) -> bytes:
        """A detached seal over one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What the desk works with, handed over by `app`. `now` is the one clock."""

    store: Store
    settings: Settings
    signer: Signer
    now: Callable[[], datetime]
    demo: bool = False
    """This host signs with a demo key, so a script may review: label and seal say so."""


def flows(machines: Machines) -> tuple[Flow, ...]:
    """The one flow: tell every receiver."""

    @flow(NOTIFY)
    def notify(brief: str, count: int) -> None:
        for place, receiver in enumerate(step("list receivers", receivers, machines, brief)):
            step(f"tell {place}", tell, machines, brief, count, receiver)

    return (notify,)


def receivers(machines: Machines, brief: str) -> list[str]:
    """Everything that the brief went to, each once: members, readers by e-mail, advisories, cases, feeds."""
    with machines.store.read() as tx:
        record = drafts.get(tx, brief, FLOW)
        members = [f"organisation:{one}" for one in drafts.recipients(tx, brief)]
        mailed = [f"subscriber:{one}" for one in subscribers.readers(tx, brief)]
        linked = [f"{one.kind}:{one.target}" for one in record.links if one.kind in ("advisory", "case")]
    return list(dict.fromkeys([*members, *mailed, *linked, *FEEDS]))


def tell(machines: Machines, brief: str, count: int, receiver: str) -> str:
    """Tell one receiver of the `count`th correction, with a receipt. Done before: the receipt of then, no more."""
    at = machines.now()
    with machines.store.write() as tx:
        record = drafts.get(tx, brief, FLOW)
        kind = record.corrections[count - 1].kind
        receipt = "BN-" + tx.master.mark("brief notice", f"{brief}:{count}:{receiver}")[:24]

        def once() -> str:
            who, _, name = receiver.partition(":")
            if who == "subscriber":
                try:
                    flow_mail.amend(tx, brief, name, count, kind=kind, settings=machines.settings, at=at)
                except Missing:  # they left since the list was made
                    return ""
            drafts.tell(
                tx,
                drafts.Notice(brief=brief, number=count, receiver=receiver, receipt=receipt, kind=kind, at=at),
            )
            note(tx, Kind.BRIEF_NOTIFIED, f"told:{receipt}", (brief,), at, receipt=receipt, of=kind)
            return receipt

        return str(done.once(tx, f"brief told:{brief}:{count}:{digest(receiver.encode())[:32]}", at, once))


# Joining ------------------------------------------------------------------------------------------------------------


def joined(tx: Tx, record: Record, address: str, at: datetime) -> Record:
    """The record with claims, conflicts, links, mirrored entities and searches as they stand now."""
    first, *others = record.sources
    told = [replace(claim, sentence=-1) for source in others for claim in ledger.claims(record.brief, source)]
    claims = ledger.merged([*ledger.claims(record.brief, first), *told])
    facts = {name: upstream.about(tx, name) for name in join.named(record.entities)}
    held_here = upstream.all_mirrors(tx)
    entities = tuple(
        replace(one, in_mirror=bool(facts.get(one.value)) if held_here else None)
        if one.kind in ("cve", "ghsa")
        else one
        for one in record.entities
    )
    held = replace(record, claims=claims, entities=entities)
    searched = tuple(_searches(tx, facts, held_here, at))
    return replace(held, links=_links(tx, held, facts, address), conflicts=_conflicts(tx, held), absences=searched)


def _searches(
    tx: Tx, facts: Mapping[str, Sequence[Signal]], held: Sequence[upstream.Mirror], at: datetime
) -> Iterator[Absence]:
    """Each weakness looked for among the public advisories of this host and in each mirror that is held."""
    until, number = at + timedelta(days=absence.DAYS), published.count(tx, ANONYMOUS)
    for name, said in facts.items():
        own = tuple(one.id for one in published.named(tx, "alias", [name], ANONYMOUS))
        yield Absence(subject=name, scope=absence.HOST, searched=number, at=at, until=until, found=own)
        for mirror in held:
            hit = (name,) if any(one.source == mirror.source for one in said) else ()
            scope = f"entry of the mirror {mirror.source}"
            yield Absence(subject=name, scope=scope, searched=mirror.facts, at=at, until=until, found=hit)


def _links(tx: Tx, record: Record, facts: Mapping[str, Sequence[Signal]], address: str) -> tuple[Link, ...]:
    found = [
        (name, advisory, published.case_of(tx, advisory.id, ANONYMOUS))
        for name in facts
        for advisory in published.named(tx, "alias", [name], ANONYMOUS)
    ]
    links = (*join.advisories(found, address), *join.clauses(record.source), *join.mirrored(facts))
    return tuple({(one.kind, one.target, one.says): one for one in links}.values())


def _conflicts(tx: Tx, record: Record) -> tuple[Disagreement, ...]:
    """Disagreements inside the story, with the ten known claims about the order, and with other published briefs."""
    others = _public_claims(tx, record)
    known = tuple(one for source in record.sources for one in disputed.conflicts(source))
    return (*known, *ledger.within(record.claims), *ledger.conflicts(record.claims, others))


def _public_claims(tx: Tx, record: Record) -> list[tuple[str, Claim]]:
    found = drafts.about(tx, [claim.subject for claim in record.claims], FLOW)
    return [
        (one.id, claim)
        for one in found
        if one.id != record.id and one.is_published
        for claim in one.claims
        if claim.sentence >= 0
    ]


# Public state -------------------------------------------------------------------------------------------------------


def checked(record: Record, *, used_words: int = 0) -> Checked:
    """Every gate over the record, now. `used_words` were copied from its site in other briefs of the week."""
    return check(record.brief, record.source, used_words=used_words, absences=record.absences)


def used_words(tx: Tx, record: Record, at: datetime) -> int:
    """Words of this record's site that other briefs made public in the last seven days: the week's meter.

    A withdrawn brief has given its words back. Openly licensed sources are outside the budget.
    """
    since = at - WEEK
    return sum(
        spent(one.brief, one.source)
        for one in drafts.about(tx, [drafts.site_of(record.source.url)], FLOW)
        if one.id != record.id
        and one.is_published
        and not one.source.openly_licensed
        and max(one.published_at or since, one.modified_at or since) > since
    )


def may_publish(machines: Machines, record: Record, found: Checked) -> None:
    """Return when the brief may be public, else Conflict saying what stands in the way."""
    review.publishable(record, found, needs_review=machines.settings.briefs_need_review)
    for number, held in disputed.asserted(record.brief):
        raise Conflict(
            f"sentence {number + 1} states as fact what is {held.standing} ({held.id}: {held.better}): "
            "say whose claim it is, or leave it out"
        )
    if not twin.same(twin.analyst(record.claims, record.source), twin.plain(record.claims, record.source)):
        raise Conflict("the plain text and the analyst's text do not state the same facts: report this as a fault")


def show(machines: Machines, tx: Tx, record: Record, at: datetime) -> int:
    """Make this the public state: signed, logged, in every channel at once. Gives the number of the state."""
    settings = machines.settings
    public = publish.published(
        record, checked(record), address=settings.address, publisher=settings.organisation, at=at
    )
    document = publish.canonical(public)
    name = f"{record.id}.v{record.brief.version}.json"
    sealed = machines.signer.seal(name, document, approved_by=standing(record), at=at)
    if public.lines:
        words = publish.reading(public)
        drafts.log_text(tx, record.id, record.brief.version, fingerprint.normal(words), fingerprint.simhash(words))
    return drafts.add_state(tx, public, document, sealed)


def standing(record: Record) -> str:
    """The sentence that goes under the seal: who reviewed, and who answers for it."""
    if record.tombstone is not None:
        return "withdrawn"
    held = record.review
    if held is None or record.brief.review_state is not ReviewState.REVIEWED:
        return "not reviewed by a person"
    return f"reviewed by {record.brief.reviewer} editor of record {held.editor_name}"


def reopen(machines: Machines, tx: Tx, record: Record, banner: str, at: datetime, *, key: str) -> Record:
    """Unreviewed from now on, with the reason above it, in every channel at once."""
    saved = drafts.put(tx, review.reopened(replace(record, modified_at=at), banner))
    if saved.is_published:
        show(machines, tx, saved, at)
    note(tx, Kind.BRIEF_REOPENED, key, (record.id,), at)
    return saved


def recheck(machines: Machines, tx: Tx, record: Record, at: datetime, *, key: str) -> bool:
    """Look everything up again; reopen the brief when something it rests on is different. True when it was."""
    now = joined(tx, record, machines.settings.address, at)
    why = join.changed(record.links, now.links)
    if not why and len(now.conflicts) > len(record.conflicts):
        one = now.conflicts[-1]
        why = f"another source disagrees on {one.subject}, {one.predicate}: “{one.theirs.value}”"
    if not why:
        return False
    if not record.is_published and record.brief.review_state is ReviewState.UNREVIEWED:
        drafts.put(tx, now)
        return False
    reopen(machines, tx, now, f"A fact changed after this was written ({why}).", at, key=key)
    return True


def reacting(machines: Machines, event: Event) -> int:
    """An advisory was published or a mirror replaced: recheck every brief that speaks of it. Once for each event."""
    number = 0
    with machines.store.read() as tx:
        names = _about(tx, event)
        found = every(tx) if names is None else [one.id for one in drafts.about(tx, names, FLOW)]
    for brief in found:
        at = machines.now()
        with machines.store.write() as tx:
            key = f"reopened:{brief}:{digest(event.key.encode())[:32]}"

            def act(tx: Tx = tx, brief: str = brief, at: datetime = at, key: str = key) -> bool:
                return recheck(machines, tx, drafts.get(tx, brief, FLOW), at, key=key)

            number += done.once(tx, f"brief react:{brief}:{digest(event.key.encode())[:32]}", at, act) is True
    return number


def _about(tx: Tx, event: Event) -> list[str] | None:
    """Names that the event concerns; None: any."""
    if event.kind is not Kind.ADVISORY_PUBLISHED:
        return None
    names: list[str] = []
    for subject in event.subjects:
        try:
            advisory = published.get(tx, AdvisoryId(subject), ANONYMOUS)
        except Missing:
            continue
        names += [advisory.id, *advisory.aliases]
    return names


def every(tx: Tx) -> list[str]:
    """Ids of all briefs."""
    found: list[str] = []
    start = ""
    while True:
        page = drafts.page(tx, FLOW, start=start or None, limit=200)
        found += [one.id for one in page.items]
        if page.next is None:
            return found
        start = page.next


def note(
    tx: Tx, kind: Kind, key: str, subjects: tuple[str, ...], at: datetime, *, actor: Viewer = FLOW, **facts: str
) -> None:
    """One journal entry: ids and public facts."""
    journal.append(tx, Event(kind=kind, key=key, at=at, subjects=subjects, facts=facts, actor=actor.person))
