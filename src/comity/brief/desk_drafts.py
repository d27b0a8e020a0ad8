"""The counter of drafts: making, editing, the queue. A change of one character voids a review."""

from collections.abc import Sequence
from dataclasses import replace

from comity.access.policy import Action, allow
from comity.brief import disputed, flow, gather, make, publish, review
from comity.brief.desk_counter import Counter, told, with_words
from comity.brief.desk_views import (
    DraftRow,
    DraftView,
    Listing,
)
from comity.errors import Conflict, Invalid, Missing, Problem
from comity.model.article import ReviewState, Source
from comity.model.brief import Draft, Record, lacks, words_of
from comity.model.events import Kind
from comity.model.party import Viewer
from comity.store import drafts
from comity.store.engine import Tx


class Drafts(Counter):
    """What editors do before a review."""

    __slots__ = ()

    def keep(self, viewer: Viewer, draft: Draft) -> Record:
        """Keep a draft, unreviewed. The same words again change nothing; other words void any review.

        Whoever keeps a draft is one of its makers and can never review it. Conflict for other words of a brief that is
        public already: that is a correction, with a note.
        """
        allow(viewer, Action.EDIT_BRIEFS)
        with self.machines.store.write() as tx:
            try:
                held = drafts.get(tx, draft.brief.id, viewer)
            except Missing:
                return self._first(tx, viewer, draft)
            if words_of(held.brief) == words_of(replace(draft.brief, version=held.brief.version)):
                return held
            if held.is_published:
                raise Conflict(f"brief {held.id} is public: correct it, with a note that readers see")
            again = review.edited(held, draft.brief, by=viewer.person)
            again = replace(
                again,
                sources=draft.sources,
                provenance=draft.provenance,
                entities=draft.entities,
                model_tokens=draft.model_tokens,
            )
            return self._saved(tx, viewer, again)

    def extract(self, viewer: Viewer, *sources: Source) -> Record:
        """Make the keyless draft of the first source and keep it; the others are further origins of its story."""
        allow(viewer, Action.EDIT_BRIEFS)
        return self.keep(viewer, publish.from_made(make.make(sources)))

    def take_in(self, viewer: Viewer, content: bytes, *, url: str, name: str, open_licence: str = "") -> Record:
        """Read a page, feed entry or record, make its keyless draft and keep it.

        `open_licence` says why its words may be copied, "" if they may not: whoever takes it in says so, never the
        page. Invalid for what is none of these; TooLarge over its limit.
        """
        allow(viewer, Action.EDIT_BRIEFS)
        if not url.startswith(("https://", "http://")):
            raise Invalid("a source has an address", [Problem("/url", "bad_address", "give its http or https address")])
        about = gather.Registered(name=name, openly_licensed=bool(open_licence), licence=open_licence)
        read = gather.read(content, url=url, retrieved_at=self.machines.now(), about=about, name=url)
        return self.keep(viewer, publish.from_made(make.make(read[:1])))

    def edit(
        self, viewer: Viewer, id_: str, *, title: str, sentences: Sequence[str], class_primary: str = ""
    ) -> Record:
        """Change words of a draft. Any change, even of one character, voids the review (T05)."""
        allow(viewer, Action.EDIT_BRIEFS)
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            if held.is_published:
                raise Conflict(f"brief {id_} is public: correct it, with a note that readers see")
            changed = review.edited(held, with_words(held.brief, title, sentences, class_primary), by=viewer.person)
            return held if changed is held else self._saved(tx, viewer, changed)

    def source_changed(self, viewer: Viewer, source: Source) -> tuple[str, ...]:
        """A source was fetched again: every brief that rests on other words of it is reopened. Gives their ids."""
        allow(viewer, Action.EDIT_BRIEFS)
        at = self.machines.now()
        reopened = []
        with self.machines.store.write() as tx:
            for record in drafts.about(tx, [source.url], viewer):
                before = [one for one in record.sources if one.url == source.url]
                if before and all(one.text_sha256 != source.text_sha256 for one in before) and not record.tombstone:
                    banner = f"The source changed after this was written (looked again on {at:%Y-%m-%d})."
                    if record.banner != banner:
                        key = f"source changed:{record.id}:{source.text_sha256[:32]}:{record.revision}"
                        flow.reopen(self.machines, tx, record, banner, at, key=key)
                        reopened.append(record.id)
        return tuple(reopened)

    def drafts(self, viewer: Viewer, *, state: str = "", after: str = "", limit: int = 50) -> Listing:
        """The editors' queue, newest first."""
        allow(viewer, Action.EDIT_BRIEFS)
        if state and state not in set(ReviewState):
            raise Invalid("no such state", [Problem("/state", "unknown_state", f"one of {', '.join(ReviewState)}")])
        with self.machines.store.read() as tx:
            found = drafts.page(tx, viewer, states=[state] if state else [], start=after or None, limit=limit)
        return Listing(rows=tuple(_row(one) for one in found.items), next=found.next or "")

    def draft(self, viewer: Viewer, id_: str) -> DraftView:
        """One draft with what the gates say now, and what this viewer may do with it."""
        allow(viewer, Action.EDIT_BRIEFS)
        with self.machines.store.read() as tx:
            held = drafts.get(tx, id_, viewer)
            editors = self.editors(tx)
            notices = drafts.notices(tx, brief=id_)
            used = flow.used_words(tx, held, self.machines.now())
        found = flow.checked(held, used_words=used)
        return DraftView(
            record=held,
            checked=found,
            asserted=tuple((number, one.value, one.better) for number, one in disputed.asserted(held.brief)),
            lacking=lacks(held),
            may_review=viewer.person not in held.makers and not held.tombstone,
            sits=held.sitting is not None and held.sitting.reviewer == viewer.person,
            hindrance=self.hindrance(held, found),
            editors=editors,
            notices=tuple(told(one) for one in notices),
            floor_seconds=self.machines.settings.review_floor_seconds,
            share_days=self.machines.settings.share_days,
            week_words=used,
        )

    def _first(self, tx: Tx, viewer: Viewer, draft: Draft) -> Record:
        at = self.machines.now()
        record = Record(
            brief=replace(
                draft.brief,
                review_state=ReviewState.UNREVIEWED,
                reviewer="",
                editor_of_record="",
                reviewed_at=None,
            ),
            sources=draft.sources,
            provenance=draft.provenance,
            makers=(viewer.person,),
            made_at=at,
            entities=draft.entities,
            model_tokens=draft.model_tokens,
        )
        saved = self._saved(tx, viewer, record)
        for earlier in drafts.about(tx, [draft.sources[0].url], viewer):
            other = earlier.id != saved.id and earlier.source.text_sha256 != saved.source.text_sha256
            if other and earlier.source.url == saved.source.url and earlier.is_published:
                banner = f"The source changed after this was written (looked again on {at:%Y-%m-%d})."
                key = f"source changed:{earlier.id}:{saved.source.text_sha256[:32]}"
                flow.reopen(self.machines, tx, earlier, banner, at, key=key)
                saved = drafts.put(tx, replace(saved, supersedes=earlier.id))
        return saved

    def _saved(self, tx: Tx, viewer: Viewer, record: Record) -> Record:
        saved = drafts.put(tx, flow.joined(tx, record, self.machines.settings.address, self.machines.now()))
        facts = {"origin": saved.brief.origin.value, "version": str(saved.brief.version)}
        key = f"kept:{saved.id}:{saved.revision}"
        flow.note(tx, Kind.BRIEF_KEPT, key, (saved.id,), self.machines.now(), actor=viewer, **facts)
        return saved


def _row(record: Record) -> DraftRow:
    return DraftRow(
        id=record.id,
        title=record.brief.title,
        state=record.brief.review_state,
        origin=record.brief.origin.value,
        kind=record.brief.class_primary,
        source=record.source.name,
        tlp=max((record.brief.tlp, *(source.tlp for source in record.sources))),
        made_at=record.made_at,
        is_published=record.is_published,
        is_withdrawn=record.tombstone is not None,
        banner=record.banner,
        blocked=flow.checked(record).blocked,
        conflicts=len(record.conflicts),
    )
