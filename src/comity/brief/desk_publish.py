"""The counter of publishing: publish, correct, withdraw, and the error history that corrections leave."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from comity.access.policy import Action, allow
from comity.brief import disputed, flow, flow_mail, flow_recheck, review
from comity.brief.desk_counter import Counter, with_words
from comity.brief.desk_views import (
    SourceErrors,
)
from comity.brief.flow_recheck import Looked
from comity.errors import Conflict, Invalid, Problem
from comity.model.brief import Correction, Published, Record, Tombstone
from comity.model.events import Event, Kind
from comity.model.party import Viewer
from comity.store import drafts, parties
from comity.store.engine import Tx

WHOSE: Final = ("ours", "source")
"""Whose error a correction mends."""


class Publishing(Counter):
    """What makes words public, changes them, or takes them back."""

    __slots__ = ()

    def publish(self, viewer: Viewer, id_: str) -> Published:
        """Make a brief public in every channel, signed and logged."""
        allow(viewer, Action.PUBLISH_BRIEFS)
        self.no_script(viewer)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            if held.is_published:
                raise Conflict(f"brief {id_} is public already")
            fresh = flow.joined(tx, held, self.machines.settings.address, at)
            used = flow.used_words(tx, fresh, at)
            flow.may_publish(self.machines, fresh, flow.checked(fresh, used_words=used))
            saved = drafts.put(tx, replace(fresh, published_at=at, modified_at=at))
            number = flow.show(self.machines, tx, saved, at)
            key = f"published:{id_}:{number}"
            flow.note(tx, Kind.BRIEF_PUBLISHED, key, (id_,), at, actor=viewer, version=str(saved.brief.version))
            self._reopen_others(tx, saved)
            flow_mail.announce(tx, id_, settings=self.machines.settings, at=at)
            public = drafts.state(tx, id_).public
        flow_recheck.start_clock(self.control, flow_recheck.next_look(self.machines))
        return public

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
        self.no_script(viewer)
        _check_note(note, whose)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            if not held.is_published:
                raise Conflict(f"brief {id_} is not public: edit it")
            changed = review.edited(held, with_words(held.brief, title, sentences, ""), by=viewer.person)
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
            fresh = flow.joined(tx, changed, self.machines.settings.address, at)
            fresh = replace(
                fresh, corrections=(*held.corrections, correction), modified_at=at, banner="Corrected; see below."
            )
            found = flow.checked(fresh, used_words=flow.used_words(tx, fresh, at))
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
        self.no_script(viewer)
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

    def recheck(self, viewer: Viewer) -> tuple[Looked, ...]:
        """Look again at the sources of every public brief; what changed or is gone reopens what rests on it."""
        allow(viewer, Action.EDIT_BRIEFS)
        over = flow_recheck.ended(self.machines)
        looked = flow_recheck.rechecked(self.machines)
        return (*(Looked(url="", outcome="a statement of absence ended", reopened=(one,)) for one in over), *looked)

    def resume(self) -> int:
        """Start the clock of the sources, and the notices of corrections whose flow never started (a crash between).

        Gives how many notices. Safe at any time.
        """
        flow_recheck.start_clock(self.control, flow_recheck.next_look(self.machines))
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

    def _tell(self, id_: str, count: int) -> None:
        """The flow of the `count`th correction of a brief; one that was started before is left alone."""
        self.control.start(flow.NOTIFY, f"{id_}:{count}", id_, count)

    def _reopen_others(self, tx: Tx, record: Record) -> None:
        """A new public claim that touches one in another public brief reopens that brief, at once."""
        at = self.machines.now()
        touched = dict.fromkeys(one.brief for one in record.conflicts if one.brief)
        for id_ in touched:
            other = drafts.get(tx, id_, flow.FLOW)
            fresh = flow.joined(tx, other, self.machines.settings.address, at)
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
