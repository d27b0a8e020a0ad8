"""Look again at the sources of public briefs: conditionally, politely, each address once a run.

A source that says something else, and one that is gone, reopens every brief that rests on it, once for each such state.
A source that cannot be reached now, or that reserves itself now, is said and changes nothing: it proves nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from comity.brief import flow, gather
from comity.brief.gather import Registered
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


def rechecked(machines: flow.Machines) -> tuple[Looked, ...]:
    """Look at every http source of every public brief. A run that is cut off is simply run again."""
    settings, at = machines.settings, machines.now()
    reader = Reader(now=at, private=settings.fetch_private, contact=settings.public_url)
    held: dict[str, Source] = {}
    with machines.store.read() as tx:
        for id_ in flow.every(tx):
            record = drafts.get(tx, id_, flow.FLOW)
            if record.is_published:
                held |= {one.url: one for one in record.sources if urlsplit(one.url).scheme in ("http", "https")}
    return tuple(_look(machines, reader, held[url], at) for url in sorted(held))


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
