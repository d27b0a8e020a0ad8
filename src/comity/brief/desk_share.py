"""The counter of shares: a link for one member organisation, and what members were told since."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

from comity.access.policy import Action, allow
from comity.brief import flow, publish, scrub
from comity.brief.desk_counter import Counter, told
from comity.brief.desk_views import (
    File,
    Notice,
    Shared,
)
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.article import Source
from comity.model.brief import Published, Record
from comity.model.events import Kind
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import Viewer
from comity.store import drafts, parties


class Shares(Counter):
    """Members only, personal information taken out."""

    __slots__ = ()

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
        TLP:RED, which goes to named people only, and TLP:AMBER+STRICT, which stays in this organisation (TLP 2.0).
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
            if strictest is Tlp.AMBER_STRICT and member.id != viewer.organisation:
                raise Forbidden("TLP:AMBER+STRICT stays in the organisation that received it")
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
        document = found.document
        since = [] if state is None else [one for one in state.corrections if one.at > found.at]
        if state is not None and (since or state.banner):
            news: dict[str, object] = {"banner_now": state.banner, "version_now": state.version, "see": state.url}
            news["corrected_since"] = [{"at": one.at.isoformat(), "note": one.note} for one in since]
            document = json.dumps(news | json.loads(document), ensure_ascii=False, indent=1).encode()
        return File(name=f"{found.brief}.shared.json", media_type="application/json", data=document)

    def members(self, viewer: Viewer) -> tuple[tuple[str, str], ...]:
        """Organisations that a brief can be shared with: id and name."""
        allow(viewer, Action.PUBLISH_BRIEFS)
        with self.machines.store.read() as tx:
            return tuple((one.id, one.name) for one in parties.all_organisations(tx))

    def notices(self, viewer: Viewer) -> tuple[Notice, ...]:
        """What was corrected or withdrawn after it was shared with the viewer's organisation."""
        allow(viewer, Action.READ_NOTICES)
        with self.machines.store.read() as tx:
            found = drafts.notices(tx, receiver=f"organisation:{viewer.organisation}")
        return tuple(told(one) for one in found)

    def _seen(self, record: Record) -> Published:
        settings = self.machines.settings
        at = record.modified_at or record.made_at
        return publish.published(
            record, flow.checked(record), address=settings.address, publisher=settings.organisation, at=at
        )


def _scrubbed(public: Published, sources: Sequence[Source], keep: Mapping[str, str]) -> scrub.Scrubbed:
    fields = {"title": public.title, "text": "\n".join(line.text for line in public.lines)}
    fields["rests_on"] = "\n".join(words for line in public.lines for words in line.rests_on)
    fields["sources"] = "\n".join(f"{one.name} {one.url} {one.author}".strip() for one in public.provenance.sources)
    return scrub.scrub(fields, keep=keep, names=[one.author for one in sources if " " in one.author])
