"""The counter of reviews: begin, open the sources, decide. Who made a text never reviews it."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from comity.access.policy import Action, allow
from comity.brief import flow, review
from comity.brief.desk_counter import TEXT_LIMIT, Counter
from comity.brief.review import Counted, Outcome, Rejected, Voided
from comity.errors import Missing
from comity.model.article import Source
from comity.model.brief import Decision, Record
from comity.model.events import Kind
from comity.model.party import Viewer
from comity.store import drafts, parties


class Reviews(Counter):
    """What a reviewer does."""

    __slots__ = ()

    def begin(self, viewer: Viewer, id_: str) -> Record:
        """Begin a review: sentences, with planted errors between them, in an order of this sitting's own."""
        allow(viewer, Action.REVIEW_BRIEFS)
        self.no_script(viewer)
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
        self.no_script(viewer)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = drafts.get(tx, id_, viewer)
            outcome = review.close(
                held,
                flow.checked(held, used_words=flow.used_words(tx, held, at)),
                reviewer=viewer.person,
                decisions=decisions,
                editor=self.editor(tx, editor_of_record),
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
