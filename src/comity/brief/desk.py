"""The counter of briefs: every call that doors may make. Each checks access first, so doors cannot disagree.

Who made a text never reviews it; a hidden brief and a missing one are the same `Missing`; what is public is read from
its signed state and from nowhere else.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from comity.access.policy import Action, allow
from comity.brief import disputed, fingerprint, flow, gather, make, publish, review, scrub
from comity.brief.channels import feeds, linked, mail, page, printed, text
from comity.brief.desk_views import (
    Answer,
    BriefView,
    Detected,
    DraftRow,
    DraftView,
    Editor,
    File,
    Listing,
    Notice,
    Rates,
    Shared,
    SourceErrors,
    Standing,
)
from comity.brief.label import HEADER
from comity.brief.review import Counted, Outcome, Rejected, Voided
from comity.durable.engine import Control
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem, TooLarge
from comity.formats import stix
from comity.model.article import Brief, Checked, Origin, ReviewState, Sentence, Source
from comity.model.brief import Correction, Decision, Draft, Published, Record, Tombstone, lacks, words_of
from comity.model.events import Event, Kind
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import Role, Viewer
from comity.store import drafts, parties
from comity.store.engine import Tx

__all__ = [
    "HEADER",
    "Answer",
    "BriefView",
    "Briefs",
    "Counted",
    "Decision",
    "Detected",
    "DraftRow",
    "DraftView",
    "Editor",
    "File",
    "Listing",
    "Notice",
    "Outcome",
    "Rates",
    "Rejected",
    "Shared",
    "SourceErrors",
    "Standing",
    "Voided",
]

TEXT_LIMIT: Final = 20_000
"""Characters of a text that somebody asks about, and of anything an editor writes."""
WHOSE: Final = ("ours", "source")
"""Whose error a correction mends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefs:
    """The calls, on the flow's machines. `control` starts the notices."""

    machines: flow.Machines
    control: Control

    # ---- making and editing

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
            changed = review.edited(held, _with(held.brief, title, sentences, class_primary), by=viewer.person)
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

    # ---- reading drafts

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
            editors = self._editors(tx)
            notices = drafts.notices(tx, brief=id_)
        found = flow.checked(held)
        return DraftView(
            record=held,
            checked=found,
            asserted=tuple((number, one.value, one.better) for number, one in disputed.asserted(held.brief)),
            lacking=lacks(held),
            may_review=viewer.person not in held.makers and not held.tombstone,
            sits=held.sitting is not None and held.sitting.reviewer == viewer.person,
            hindrance=self._hindrance(held, found),
            editors=editors,
            notices=tuple(_told(one) for one in notices),
            floor_seconds=self.machines.settings.review_floor_seconds,
            share_days=self.machines.settings.share_days,
        )

    # ---- reviewing

    def begin(self, viewer: Viewer, id_: str) -> Record:
        """Begin a review: sentences, with planted errors between them, in an order of this sitting's own."""
        allow(viewer, Action.REVIEW_BRIEFS)
        self._no_script(viewer)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            begun = review.begin(
                held,
                reviewer=viewer.person,
                name=parties.person(tx, viewer.person).name,
                is_script=viewer.is_script,
                now=at,
                planted=self.machines.settings.review_planted,
                random=secrets.token_bytes(16),
            )
            return drafts.put(tx, begun)

    def open_source(self, viewer: Viewer, id_: str, url: str) -> Source:
        """One source of a brief, whole. While the viewer sits over the brief, this counts as having opened it."""
        allow(viewer, Action.EDIT_BRIEFS)
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            found = next((source for source in held.sources if source.url == url), None)
            if found is None:
                raise Missing(f"brief {id_} has no such source")
            if held.sitting is not None and held.sitting.reviewer == viewer.person:
                looked = review.opened(held, reviewer=viewer.person, url=url)
                if looked != held:
                    drafts.put(tx, looked)
        return found

    def decide(
        self,
        viewer: Viewer,
        id_: str,
        decisions: Mapping[int, Decision],
        *,
        editor_of_record: str = "",
        reason: str = "",
    ) -> Outcome:
        """End the sitting with a decision for every line of it: counted, rejected, or voided by a missed error."""
        allow(viewer, Action.REVIEW_BRIEFS)
        self._no_script(viewer)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            outcome = review.close(
                held,
                flow.checked(held),
                reviewer=viewer.person,
                decisions=decisions,
                editor=self._editor(tx, editor_of_record),
                now=at,
                floor=timedelta(seconds=self.machines.settings.review_floor_seconds),
                reason=reason.strip()[:TEXT_LIMIT],
            )
            assert held.sitting is not None  # close would have refused
            planted = held.sitting.planted
            caught = sum(decisions.get(number) is Decision.WRONG for number in planted)
            word = type(outcome).__name__.lower()
            drafts.add_sitting(tx, held.sitting.id, id_, word, planted=len(planted), caught=caught, at=at)
            saved = drafts.put(tx, outcome.record)
            if saved.is_published:
                saved = drafts.put(tx, replace(saved, modified_at=at))
                flow.show(self.machines, tx, saved, at)
            key = f"reviewed:{held.sitting.id}"
            flow.note(tx, Kind.BRIEF_REVIEWED, key, (id_,), at, actor=viewer, outcome=word)
        match outcome:
            case Counted():
                return Counted(saved)
            case Rejected(wrong=wrong):
                return Rejected(saved, wrong)
            case Voided(missed=missed):
                return Voided(saved, missed)

    # ---- publishing

    def publish(self, viewer: Viewer, id_: str) -> Published:
        """Make a brief public in every channel, signed and logged."""
        allow(viewer, Action.PUBLISH_BRIEFS)
        self._no_script(viewer)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            if held.is_published:
                raise Conflict(f"brief {id_} is public already")
            fresh = flow.joined(tx, held, self.machines.settings.address)
            flow.may_publish(self.machines, fresh, flow.checked(fresh))
            saved = drafts.put(tx, replace(fresh, published_at=at, modified_at=at))
            number = flow.show(self.machines, tx, saved, at)
            key = f"published:{id_}:{number}"
            flow.note(tx, Kind.BRIEF_PUBLISHED, key, (id_,), at, actor=viewer, version=str(saved.brief.version))
            self._reopen_others(tx, saved)
            return drafts.state(tx, id_).public

    def correct(
        self,
        viewer: Viewer,
        id_: str,
        *,
        note: str,
        title: str,
        sentences: Sequence[str],
        whose: str = "ours",
    ) -> Published:
        """Change the words of a public brief, with a note that stays. The new version is unreviewed, and says so.

        Everybody whom the brief reached is told once. Conflict while a gate blocks the new words.
        """
        allow(viewer, Action.PUBLISH_BRIEFS)
        self._no_script(viewer)
        _check_note(note, whose)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            if not held.is_published:
                raise Conflict(f"brief {id_} is not public: edit it")
            changed = review.edited(held, _with(held.brief, title, sentences, ""), by=viewer.person)
            if changed is held:
                raise Conflict("nothing was changed")
            was = [one.text for one in held.brief.sentences]
            now = [one.text for one in changed.brief.sentences]
            correction = Correction(
                at=at,
                version=changed.brief.version,
                note=note.strip(),
                was=tuple(one for one in was if one not in now),
                now=tuple(one for one in now if one not in was),
                by=parties.person(tx, viewer.person).name,
            )
            fresh = flow.joined(tx, changed, self.machines.settings.address)
            fresh = replace(
                fresh, corrections=(*held.corrections, correction), modified_at=at, banner="Corrected; see below."
            )
            found = flow.checked(fresh)
            review.publishable(fresh, found, needs_review=False)
            for number, one in disputed.asserted(fresh.brief):
                raise Conflict(f"sentence {number + 1} states as fact what is {one.standing} ({one.id}: {one.better})")
            saved = drafts.put(tx, fresh)
            number = flow.show(self.machines, tx, saved, at)
            self._slips(tx, held, number, whose, correction)
            key = f"corrected:{id_}:{number}"
            flow.note(tx, Kind.BRIEF_CORRECTED, key, (id_,), at, actor=viewer, version=str(saved.brief.version))
            public = drafts.state(tx, id_).public
        self._tell(id_, len(public.corrections))
        return public

    def withdraw(self, viewer: Viewer, id_: str, *, reason: str, whose: str = "ours") -> Published:
        """Take a public brief back: its words leave every channel, a tombstone stays, and everybody is told once."""
        allow(viewer, Action.PUBLISH_BRIEFS)
        self._no_script(viewer)
        _check_note(reason, whose)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            if not held.is_published:
                raise Conflict(f"brief {id_} is not public")
            name = parties.person(tx, viewer.person).name
            correction = Correction(at=at, version=held.brief.version, note=reason.strip(), by=name, kind="withdrawal")
            gone = replace(
                review.reopened(held, ""),
                tombstone=Tombstone(at=at, reason=reason.strip(), by=name),
                corrections=(*held.corrections, correction),
                modified_at=at,
                banner="",
            )
            saved = drafts.put(tx, gone)
            number = flow.show(self.machines, tx, saved, at)
            self._slips(tx, held, number, whose, correction)
            flow.note(tx, Kind.BRIEF_WITHDRAWN, f"withdrawn:{id_}:{number}", (id_,), at, actor=viewer)
            public = drafts.state(tx, id_).public
        self._tell(id_, len(public.corrections))
        return public

    def share(
        self,
        viewer: Viewer,
        id_: str,
        *,
        organisation: str,
        legal_basis: str,
        keep: Mapping[str, str] | None = None,
    ) -> Shared:
        """A link by which one member organisation may open the brief for a while, personal information taken out.

        `keep` maps a piece of personal information to the reason why it stays. Invalid stops the share; Forbidden for
        TLP:RED, which goes to named people only.
        """
        allow(viewer, Action.PUBLISH_BRIEFS)
        at = self.machines.now()
        if not legal_basis.strip():
            reason = "name the contract, agreement or terms under which this is shared"
            raise Invalid("a share needs a legal basis", [Problem("/legal_basis", "missing", reason)])
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            if held.tombstone is not None:
                raise Conflict(f"brief {id_} was withdrawn")
            member = parties.organisation(tx, PartyId(organisation))
            strictest = max((held.brief.tlp, *(source.tlp for source in held.sources)))
            if strictest is Tlp.RED:
                raise Forbidden("TLP:RED goes to named people only and is not shared with an organisation")
            public = self._seen(held)
            clean = _scrubbed(public, held.sources, keep or {})
            ends_at = at + timedelta(days=self.machines.settings.share_days)
            document = json.dumps(
                {
                    "label": public.label,
                    "tlp": strictest.label,
                    "legal_basis": legal_basis.strip(),
                    "shared_with": member.name,
                    "ends_at": ends_at.isoformat(),
                    **clean.fields,
                    "digital_source_type": public.mark,
                    "personal_information_removed": dict(clean.removed),
                    "personal_information_kept": [
                        {"field": where, "kind": kind, "reason": why} for where, kind, why in clean.kept
                    ],
                },
                ensure_ascii=False,
                indent=1,
            ).encode()
            secret = secrets.token_hex(24)
            share = drafts.Share(brief=id_, recipient=member.id, at=at, ends_at=ends_at, document=document)
            drafts.add_share(tx, secret, share)
            facts = {"to": member.id, "removed": str(sum(clean.removed.values())), "kept": str(len(clean.kept))}
            key = f"shared:{id_}:{secrets.token_hex(8)}"
            flow.note(tx, Kind.BRIEF_SHARED, key, (id_,), at, actor=viewer, **facts)
        return Shared(
            secret=secret,
            url=f"{self.machines.settings.address}/shared/{secret}",
            ends_at=ends_at,
            removed=clean.removed,
            kept=clean.kept,
        )

    def shared(self, viewer: Viewer, secret: str) -> File:
        """What a share link opens. The link is the right; Missing for one that is unknown or has ended."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.read() as tx:
            found = drafts.share(tx, secret, at=self.machines.now())
            try:
                state = drafts.state(tx, found.brief).public
            except Missing:
                state = None
        if state is not None and state.tombstone is not None:
            raise Missing("what was shared by this link was withdrawn")
        return File(name=f"{found.brief}.shared.json", media_type="application/json", data=found.document)

    # ---- reading what is public

    def published(self, viewer: Viewer, *, kind: str = "", after: str = "", limit: int = 50) -> Standing:
        """Public briefs, newest first, tombstones among them."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.read() as tx:
            found = drafts.states(tx, kind=kind, start=after or None, limit=limit)
        return Standing(rows=found.items, next=found.next or "")

    def brief(self, viewer: Viewer, id_: str) -> BriefView:
        """One public brief as a page's article, with its files."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.read() as tx:
            state = drafts.state(tx, id_)
        return BriefView(
            public=state.public,
            article=page.article(state.public),
            linked=linked.embedded(state.public),
            files=tuple(_FILES),
            number=state.number,
        )

    def file(self, viewer: Viewer, id_: str, name: str) -> File:
        """One form of a public brief: signed metadata, its seal, text, e-mail, print, linked data, STIX."""
        allow(viewer, Action.READ_BRIEFS)
        if name not in _FILES:
            raise Missing(f"brief {id_} has no file {name}")
        with self.machines.store.read() as tx:
            state = drafts.state(tx, id_)
        public = state.public
        settings = self.machines.settings
        data = {
            "brief.json": lambda: state.document,
            "brief.json.seal.json": lambda: state.seal,
            "brief.txt": lambda: text.render(public).encode(),
            "brief.eml": lambda: mail.render(public, sender=f"{settings.organisation} <briefs@comity.invalid>"),
            "brief.html": lambda: printed.render(public).encode(),
            "brief.jsonld": lambda: json.dumps(linked.describe(public), indent=1, ensure_ascii=False).encode(),
            "brief.stix.json": lambda: stix.write(public, namespace=settings.namespace),
        }[name]()
        return File(name=name, media_type=_FILES[name], data=data, mark=public.mark)

    def feed(self, viewer: Viewer, name: str) -> File:
        """One feed of public briefs, newest first, with tombstones."""
        allow(viewer, Action.READ_BRIEFS)
        if name not in feeds.TYPES:
            raise Missing(f"there is no feed {name}")
        with self.machines.store.read() as tx:
            found = drafts.states(tx, limit=100).items
        settings = self.machines.settings
        updated = max((one.modified_at for one in found), default=self.machines.now())
        channel = feeds.Channel(title=f"Briefs of {settings.organisation}", address=settings.address, updated=updated)
        return File(name=name, media_type=feeds.TYPES[name], data=feeds.render(name, channel, found))

    def detect(self, viewer: Viewer, words: str) -> Detected:
        """Whether a text was published here: yes, near, or no. Nothing of it is kept."""
        allow(viewer, Action.DETECT_TEXT)
        if len(words) > TEXT_LIMIT:
            raise TooLarge(f"ask about at most {TEXT_LIMIT} characters")
        plain = fingerprint.normal(words)
        if not plain:
            raise Invalid("there is nothing to ask about", [Problem("/text", "empty", "send the words")])
        with self.machines.store.read() as tx:
            exact = drafts.exact_text(tx, fingerprint.runs(words))
            logged = drafts.simhashes(tx) if exact is None else ()
            best: tuple[int, str, int] | None = None
            if exact is None and len(plain.split()) >= fingerprint.LEAST_WORDS:
                own = fingerprint.simhash(plain)
                measured = ((fingerprint.distance(own, held), id_, version) for id_, version, held in logged)
                best = min(measured, default=None)
            if exact is not None:
                answer, id_, version = Answer.YES, *exact
            elif best is not None and best[0] <= fingerprint.NEAR:
                answer, id_, version = Answer.NEAR, best[1], best[2]
            else:
                return Detected(answer=Answer.NO)
            public = drafts.state(tx, id_).public
        return Detected(
            answer=answer,
            brief=id_,
            version=version,
            url=public.url,
            mark=public.mark,
            label=public.label,
            bits=best[0] if best is not None and answer is Answer.NEAR else 0,
        )

    def conflicts(self, viewer: Viewer) -> tuple[Published, ...]:
        """Public briefs in which sources disagree."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.read() as tx:
            found = drafts.states(tx, limit=200, stands=True).items
        return tuple(one for one in found if one.conflicts)

    def corrected(self, viewer: Viewer) -> tuple[Published, ...]:
        """Public briefs with corrections, and withdrawn ones."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.read() as tx:
            found = drafts.states(tx, limit=200).items
        return tuple(one for one in found if one.corrections)

    def rates(self, viewer: Viewer) -> Rates:
        """How reviews end, how many planted errors are caught, and how often what was published was wrong."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.read() as tx:
            sums = drafts.sittings(tx)
            total = drafts.count_published(tx)
            wrong = {slip.brief for slip in drafts.slips(tx) if slip.kind == "ours"}
        return Rates(
            counted=sums.get("counted", 0),
            rejected=sums.get("rejected", 0),
            voided=sums.get("voided", 0),
            planted=sums["planted"],
            caught=sums["caught"],
            published=total,
            wrong=len(wrong),
        )

    def errors(self, viewer: Viewer) -> tuple[SourceErrors, ...]:
        """What turned out wrong, by source and kind of claim."""
        allow(viewer, Action.EDIT_BRIEFS)
        with self.machines.store.read() as tx:
            found = drafts.slips(tx)
        rows: dict[tuple[str, str, str], list[drafts.Slip]] = {}
        for slip in found:
            rows.setdefault((slip.source, slip.predicate, slip.kind), []).append(slip)
        return tuple(
            SourceErrors(
                source=source, predicate=predicate, whose=kind, count=len(held), last=held[0].at, note=held[0].note
            )
            for (source, predicate, kind), held in sorted(rows.items())
        )

    def notices(self, viewer: Viewer) -> tuple[Notice, ...]:
        """What was corrected or withdrawn after it was shared with the viewer's organisation."""
        allow(viewer, Action.READ_NOTICES)
        with self.machines.store.read() as tx:
            found = drafts.notices(tx, receiver=f"organisation:{viewer.organisation}")
        return tuple(_told(one) for one in found)

    def members(self, viewer: Viewer) -> tuple[tuple[str, str], ...]:
        """Organisations that a brief can be shared with: id and name."""
        allow(viewer, Action.PUBLISH_BRIEFS)
        with self.machines.store.read() as tx:
            return tuple((one.id, one.name) for one in parties.all_organisations(tx))

    def resume(self) -> int:
        """Start the notices of every correction whose flow never started (a crash between). Safe at any time."""
        started = 0
        start = ""
        while True:
            with self.machines.store.read() as tx:
                found = drafts.states(tx, start=start or None, limit=200)
            for public in found.items:
                for count in range(1, len(public.corrections) + 1):
                    self._tell(public.id, count)
                    started += 1
            if found.next is None:
                return started
            start = found.next

    def react(self, event: Event) -> int:
        """Something published or mirrored changed: recheck the briefs that rest on it. Safe to repeat."""
        return flow.reacting(self.machines, event)

    # ---- within

    def _tell(self, id_: str, count: int) -> None:
        """The flow of the `count`th correction of a brief; one that was started before is left alone."""
        self.control.start(flow.NOTIFY, f"{id_}:{count}", id_, count)

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
        saved = drafts.put(tx, flow.joined(tx, record, self.machines.settings.address))
        facts = {"origin": saved.brief.origin.value, "version": str(saved.brief.version)}
        key = f"kept:{saved.id}:{saved.revision}"
        flow.note(tx, Kind.BRIEF_KEPT, key, (saved.id,), self.machines.now(), actor=viewer, **facts)
        return saved

    def _reopen_others(self, tx: Tx, record: Record) -> None:
        """A new public claim that touches one in another public brief reopens that brief, at once."""
        at = self.machines.now()
        touched = dict.fromkeys(one.brief for one in record.conflicts if one.brief)
        for id_ in touched:
            other = drafts.get(tx, id_, flow.FLOW)
            fresh = flow.joined(tx, other, self.machines.settings.address)
            about = next(one for one in record.conflicts if one.brief == id_)
            banner = f"Another source says otherwise on {about.subject}, {about.predicate}; see below."
            flow.reopen(self.machines, tx, fresh, banner, at, key=f"conflict:{id_}:{record.id}:{record.revision}")

    def _slips(self, tx: Tx, record: Record, number: int, whose: str, correction: Correction) -> None:
        """Count the error under each source and kind of claim that the changed sentences rested on."""
        changed = {place for place, one in enumerate(record.brief.sentences) if one.text in correction.was}
        kinds = {one.predicate for one in record.claims if one.sentence in changed} or {"wording"}
        for kind in sorted(kinds):
            slip = drafts.Slip(
                brief=record.id,
                source=record.source.name,
                predicate=kind[:64],
                kind=whose,
                at=correction.at,
                note=correction.note[:500],
            )
            drafts.add_slip(tx, slip, number)

    def _seen(self, record: Record) -> Published:
        settings = self.machines.settings
        at = record.modified_at or record.made_at
        return publish.published(
            record, flow.checked(record), address=settings.address, publisher=settings.organisation, at=at
        )

    def _hindrance(self, record: Record, found: Checked) -> str:
        try:
            flow.may_publish(self.machines, record, found)
        except Conflict as error:
            return str(error)
        return ""

    def _no_script(self, viewer: Viewer) -> None:
        if viewer.is_script and not self.machines.demo:
            raise Forbidden("a script decides nothing on a host that signs as itself: a person must")

    def _editors(self, tx: Tx) -> tuple[Editor, ...]:
        return tuple(
            Editor(id=one.id, name=one.name, is_script=one.is_script)
            for one in parties.all_people(tx)
            if Role.EDITOR in one.roles and one.disabled_at is None
        )

    def _editor(self, tx: Tx, id_: str) -> tuple[PartyId, str]:
        for one in self._editors(tx):
            if one.id == id_:
                return PartyId(one.id), one.name
        return PartyId(""), ""


_FILES: Final[Mapping[str, str]] = {
    "brief.json": "application/json",
    "brief.json.seal.json": "application/vnd.dsse.envelope.v1+json",
    "brief.txt": "text/plain; charset=utf-8",
    "brief.eml": "message/rfc822",
    "brief.html": "text/html; charset=utf-8",
    "brief.jsonld": "application/ld+json",
    "brief.stix.json": "application/stix+json;version=2.1",
}


def _with(brief: Brief, title: str, sentences: Sequence[str], class_primary: str) -> Brief:
    """The brief with other words. Each sentence keeps the spans of the one in its place; what is new has none yet."""
    said = [one.strip() for one in sentences if one.strip()]
    problems = []
    if not title.strip():
        problems.append(Problem("/title", "missing", "give a title of your own"))
    if not said:
        problems.append(Problem("/sentences", "missing", "a brief has at least its bottom line"))
    if sum(len(one) for one in (title, *said)) > TEXT_LIMIT:
        problems.append(Problem("/sentences", "too_long", f"at most {TEXT_LIMIT} characters"))
    if problems:
        raise Invalid("this is no brief", problems)
    before = brief.sentences
    made = []
    for place, words in enumerate(said):
        held = before[min(place, len(before) - 1)]
        made.append(held if held.text == words and place < len(before) else Sentence(text=words, spans=held.spans))
    changed = tuple(made) != before or title.strip() != brief.title
    origin = brief.origin
    if changed:
        origin = Origin.MODEL_HUMAN if origin in (Origin.MODEL, Origin.MODEL_HUMAN) else Origin.HUMAN
    return replace(
        brief,
        title=title.strip(),
        bottom_line=made[0],
        paraphrase=tuple(made[1:]),
        why_no_paraphrase="" if made[1:] else brief.why_no_paraphrase,
        origin=origin,
        class_primary=class_primary or brief.class_primary,
    )


def _scrubbed(public: Published, sources: Sequence[Source], keep: Mapping[str, str]) -> scrub.Scrubbed:
    fields = {"title": public.title, "text": "\n".join(line.text for line in public.lines)}
    fields["rests_on"] = "\n".join(words for line in public.lines for words in line.rests_on)
    fields["sources"] = "\n".join(f"{one.name} {one.url} {one.author}".strip() for one in public.provenance.sources)
    return scrub.scrub(fields, keep=keep, names=[one.author for one in sources if " " in one.author])


def _check_note(note: str, whose: str) -> None:
    problems = []
    if not note.strip():
        problems.append(Problem("/note", "missing", "say what was wrong: readers see it"))
    if len(note) > 2000:
        problems.append(Problem("/note", "too_long", "at most 2000 characters"))
    if whose not in WHOSE:
        problems.append(Problem("/whose", "unknown", f"one of {', '.join(WHOSE)}"))
    if problems:
        raise Invalid("a change of what is public carries a note", problems)


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


def _told(one: drafts.Notice) -> Notice:
    return Notice(
        brief=one.brief, number=one.number, receiver=one.receiver, receipt=one.receipt, kind=one.kind, at=one.at
    )
