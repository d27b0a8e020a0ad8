"""Look again at the sources of public briefs: conditionally, politely, each address once a run.

A source that says something else, and one that is gone, reopens every brief that rests on it, once for each such state.
A source that cannot be reached now, or that reserves itself now, is said and changes nothing: it proves nothing.
A statement of absence whose days are over reopens its brief too: that needs no network.

The clock is durable. Its moments lie on a grid of the interval, at a place in it that differs from host to host, so
that not all hosts ask one publisher in the same minute. A host that was down looks once when it is back.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from comity.brief import flow, gather
from comity.brief.check import absence
from comity.brief.gather import Registered
from comity.durable.engine import Control
from comity.durable.flows import Flow, sleep_until, step
from comity.durable.flows import flow as named
from comity.errors import ComityError
from comity.feeds.web import Fetched, Gone, Known, NotModified, Reader
from comity.model.article import Source
from comity.model.brief import Record
from comity.model.ids import digest
from comity.store import done, drafts
from comity.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What became of one address, and the briefs that were reopened for it."""

    url: str
    outcome: str
    reopened: tuple[str, ...] = ()


CLOCK: Final = "brief.recheck"
_ZERO: Final = datetime(2026, 1, 1, tzinfo=UTC)


def flows(machines: flow.Machines, control: Control) -> tuple[Flow, ...]:
    """The clock of the sources. It hands on before it looks, so that a look that fails ends no clock."""

    @named(CLOCK)
    def look_again(at: str) -> None:
        sleep_until(datetime.fromisoformat(at))
        following = step("plan", planned, machines, at)
        step("hand on", start_clock, control, following)
        if following:
            step("end statements of absence", ended, machines)
            for place, site in enumerate(step("list sites", sites, machines)):
                step(f"look at site {place}", looked_at, machines, site)

    return (look_again,)


def start_clock(control: Control, at: str) -> None:
    """Start the clock for one moment: once, however often it is asked for."""
    if at:
        control.start(CLOCK, at, at)


def next_look(machines: flow.Machines) -> str:
    """The next moment of the clock (ISO); "" when it is off, or nothing is public that it could look at."""
    every = machines.settings.brief_recheck
    with machines.store.read() as tx:
        if not every or not drafts.count_published(tx):
            return ""
        zero = _ZERO + every * (int(tx.master.mark("brief recheck", "place in the interval")[:8], 16) / 2**32)
    return (zero + every * ((machines.now() - zero) // every + 1)).isoformat()


def planned(machines: flow.Machines, at: str) -> str:
    """The moment after `at`; "" ends this clock: it is off now, or `at` belongs to another interval than today's."""
    following, every = next_look(machines), machines.settings.brief_recheck
    if not following or (datetime.fromisoformat(following) - datetime.fromisoformat(at)) % every:
        return ""
    return following


def sites(machines: flow.Machines) -> list[str]:
    """The hosts whose pages public briefs rest on, in order; none on a host that is set offline."""
    if machines.settings.offline:
        return []
    return sorted({urlsplit(url).netloc for url in _sources(machines)})


def looked_at(machines: flow.Machines, site: str) -> int:
    """Look at every source on one host. Gives how many briefs were reopened."""
    return sum(len(one.reopened) for one in rechecked(machines, site=site))


def rechecked(machines: flow.Machines, *, site: str = "") -> tuple[Looked, ...]:
    """Look at every http source of every public brief (or at those of one host). Cut off, it is simply run again."""
    settings, at = machines.settings, machines.now()
    reader = Reader(now=at, private=settings.fetch_private, contact=settings.public_url)
    held = _sources(machines)
    wanted = sorted(url for url in held if not site or urlsplit(url).netloc == site)
    return tuple(_look(machines, reader, held[url], at) for url in wanted)


def ended(machines: flow.Machines) -> list[str]:
    """Reopen each public brief that states an absence whose search is too old now, once for each such search."""
    at, found = machines.now(), []
    with machines.store.read() as tx:
        held = [drafts.get(tx, id_, flow.FLOW) for id_ in flow.every(tx)]
    for id_, said in ((one.id, absence.over(one.brief, at)) for one in held if one.is_published):
        if said is None:
            continue
        key = f"absence over:{id_}:{digest(f'{said.scope} {said.subject} {said.day}'.encode())[:32]}"
        why = f"A search that this states ({said.subject}, {said.day}) is older than {absence.DAYS} days: search again."
        with machines.store.write() as tx:

            def act(tx: Tx = tx, id_: str = id_, key: str = key, why: str = why) -> bool:
                record = drafts.get(tx, id_, flow.FLOW)
                if record.is_published:
                    flow.reopen(machines, tx, record, why, at, key=key)
                    found.append(id_)
                return True

            done.once(tx, key, at, act)
    return found


def _sources(machines: flow.Machines) -> dict[str, Source]:
    held: dict[str, Source] = {}
    with machines.store.read() as tx:
        for id_ in flow.every(tx):
            record = drafts.get(tx, id_, flow.FLOW)
            if record.is_published:
                held |= {one.url: one for one in record.sources if urlsplit(one.url).scheme in ("http", "https")}
    return held


def _look(machines: flow.Machines, reader: Reader, source: Source, at: datetime) -> Looked:
    try:
        match reader.fetch(source.url, Known(etag=source.etag, last_modified=source.last_modified)):
            case NotModified():
                return Looked(url=source.url, outcome="not modified")
            case Gone(status=status):
                why = f"The source can no longer be opened ({status}, looked again on {at:%Y-%m-%d})."
                with machines.store.write() as tx:
                    return Looked(
                        url=source.url,
                        outcome=f"gone ({status})",
                        reopened=_reopen(machines, tx, source.url, why, f"gone {status}", at),
                    )
            case Fetched() as answer:
                about = Registered(name=source.name, openly_licensed=source.openly_licensed, licence=source.licence)
                now = gather.read(
                    answer.content,
                    url=source.url,
                    retrieved_at=at,
                    about=about,
                    media_type=answer.media_type,
                )
            case reserved:
                return Looked(url=source.url, outcome=f"reserved now: {'; '.join(reserved.signals)}"[:200])
    except ComityError as error:
        return Looked(url=source.url, outcome=f"not looked at: {error}"[:200])
    same = any(one.text_sha256 == source.text_sha256 for one in now)
    with machines.store.write() as tx:
        if same:
            _remember(tx, source.url, answer.known)
            return Looked(url=source.url, outcome="the same words")
        state = digest("\n".join(sorted(one.text_sha256 for one in now)).encode())
        why = f"The source changed after this was written (looked again on {at:%Y-%m-%d})."
        reopened = _reopen(machines, tx, source.url, why, state, at)
        return Looked(url=source.url, outcome="changed", reopened=reopened)


def _reopen(machines: flow.Machines, tx: Tx, url: str, why: str, state: str, at: datetime) -> tuple[str, ...]:
    found = []
    for record in drafts.about(tx, [url], flow.FLOW):
        if not record.is_published or all(one.url != url for one in record.sources):
            continue
        key = f"source looked:{record.id}:{digest(f'{url} {state}'.encode())[:32]}"

        def act(record: Record = record, key: str = key) -> bool:
            flow.reopen(machines, tx, record, why, at, key=key)
            found.append(record.id)
            return True

        done.once(tx, key, at, act)
    return tuple(found)


def _remember(tx: Tx, url: str, known: Known) -> None:
    """Keep the validators of the newest answer, so that the next look may be conditional."""
    for record in drafts.about(tx, [url], flow.FLOW):
        fresh = tuple(
            replace(one, etag=known.etag, last_modified=known.last_modified) if one.url == url else one
            for one in record.sources
        )
        if fresh != record.sources:
            drafts.put(tx, replace(record, sources=fresh))
