"""The counter of what anybody may read: briefs, their files, feeds, conflicts, rates, and whose text this is."""

import json
from collections.abc import Mapping
from typing import Final

from comity.access.policy import Action, allow
from comity.brief import fingerprint
from comity.brief.channels import feeds, linked, mail, page, printed, text
from comity.brief.desk_counter import TEXT_LIMIT, Counter
from comity.brief.desk_views import (
    Answer,
    BriefView,
    Detected,
    File,
    Rates,
    Standing,
)
from comity.errors import Invalid, Missing, Problem, TooLarge
from comity.formats import stix
from comity.model.brief import Published
from comity.model.party import Viewer
from comity.store import drafts


class Reading(Counter):
    """What is public is read from its signed state and from nowhere else."""

    __slots__ = ()

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


_FILES: Final[Mapping[str, str]] = {
    "brief.json": "application/json",
    "brief.json.seal.json": "application/vnd.dsse.envelope.v1+json",
    "brief.txt": "text/plain; charset=utf-8",
    "brief.eml": "message/rfc822",
    "brief.html": "text/html; charset=utf-8",
    "brief.jsonld": "application/ld+json",
    "brief.stix.json": "application/stix+json;version=2.1",
}
