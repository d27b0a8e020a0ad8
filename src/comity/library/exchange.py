"""The counter of shared STIX objects: what TAXII serves, who may read which object, and on which ground.

Two collections. `advisories` holds what this host published, made of each advisory by event; nobody adds to it from
outside. `exchange` holds what members add; what a member does not see is not there for them, in every call alike.
Whatever is stricter than CLEAR is noted when somebody else reads it, for its owner to see, and carries a mark that
tells the reader's copy apart.
"""

import base64
import hmac
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from comity.access import policy
from comity.access.policy import Action
from comity.errors import Forbidden, Invalid, Missing, Problem
from comity.formats import stix_advisory, stix_marks, stix_read
from comity.formats.stix_read import NotTaken, Taken
from comity.model.canary import canary
from comity.model.events import Event, Kind
from comity.model.handling import NO_EQUITIES_USE, Tlp
from comity.model.ids import AdvisoryId
from comity.model.party import Viewer, system
from comity.model.sharing import ADVISORIES, EXCHANGE, HOST, KeptField, SharedObject
from comity.settings import Settings
from comity.store import journal, parties, published, shared, shares
from comity.store.engine import Store, Tx
from comity.store.shared import Asked, Row
from comity.store.tables import moment_text

MEDIA: Final = "application/stix+json;version=2.1"
FLOW: Final = system("sharing")
MARKS_ROOM: Final = "watermark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One collection as this viewer meets it."""

    id: str
    alias: str
    title: str
    description: str
    can_write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a client filters by; see `shared.Asked`."""

    after: datetime | None = None
    ids: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    versions: tuple[str | datetime, ...] = ("last",)
    spec_versions: tuple[str, ...] = ()

    @property
    def canonical(self) -> str:
        """One line that two equal filters share: what a page's `next` is bound to."""
        moments = [one if isinstance(one, str) else moment_text(one) for one in self.versions]
        after = "" if self.after is None else moment_text(self.after)
        return "|".join((after, *("&".join(sorted(p)) for p in (self.ids, self.kinds, moments, self.spec_versions))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One page: objects as bytes, or rows for manifests; `next` is "" at the end. First and last as TAXII writes."""

    objects: Sequence[bytes] = ()
    rows: Sequence[Row] = ()
    next: str = ""
    first: str = ""
    last: str = ""


_TEXTS: Final = {
    ADVISORIES: ("Published advisories", "What this host published, as STIX 2.1 objects; read only."),
    EXCHANGE: ("Exchange", "Objects that members share; each is read by those whom its own marking and shares reach."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The calls. Threads share it."""

    store: Store
    settings: Settings
    now: Callable[[], datetime]

    # ---- reading

    def collections(self, viewer: Viewer) -> tuple[Collection, ...]:
        """Every collection. Their names are public; what is in them is decided object by object."""
        policy.allow(viewer, Action.READ_SHARED)
        return tuple(self._collection(viewer, alias) for alias in _TEXTS)

    def collection(self, viewer: Viewer, name: str) -> Collection:
        """One by id or alias. Missing for any other name."""
        policy.allow(viewer, Action.READ_SHARED)
        for alias in _TEXTS:
            if name in (alias, self._id(alias)):
                return self._collection(viewer, alias)
        raise Missing("no such collection")

    def objects(self, viewer: Viewer, name: str, by: Filter, *, limit: int, after: str = "") -> Slice:
        """A page of objects, oldest first. Invalid for a `next` of another list."""
        alias = self.collection(viewer, name).alias
        asked = self._asked(alias, by, after, "objects")
        with self.store.read() as tx:
            found, more = shared.bodies(tx, viewer, asked, limit=limit)
            bodies: list[bytes] = [body for _, body in found if body is not None]
            if len(bodies) == len(found):
                first, last = (found[0][0], found[-1][0]) if found else ("", "")
                return self._slice(alias, by, "objects", bodies, (), first, last, more)
            rows, more = shared.page(tx, viewer, asked, limit=limit)
        bodies = self._marked(viewer, rows)
        return self._slice(alias, by, "objects", bodies, (), rows[0].added, rows[-1].added, more)

    def object(self, viewer: Viewer, name: str, id_: str, by: Filter, *, limit: int, after: str = "") -> Slice:
        """Versions of one object. Missing when this viewer sees none; a mark of the viewer's own is explained."""
        alias = self.collection(viewer, name).alias
        mark = self._own_mark(viewer, id_)
        if mark is not None:
            return Slice(objects=[mark])
        found = self.objects(viewer, alias, replace(by, ids=(id_,)), limit=limit, after=after)
        if not found.objects:
            self._there(viewer, alias, id_)
        return found

    def manifest(self, viewer: Viewer, name: str, by: Filter, *, limit: int, after: str = "") -> Slice:
        """A page of what is there, without contents."""
        return self._rows(viewer, name, by, limit=limit, after=after, room="manifest")

    def versions(self, viewer: Viewer, name: str, id_: str, by: Filter, *, limit: int, after: str = "") -> Slice:
        """Every version of one object that this viewer sees. Missing when there is none."""
        everything = replace(by, ids=(id_,), versions=("all",))
        found = self._rows(viewer, name, everything, limit=limit, after=after, room="versions")
        if not found.rows:
            self._there(viewer, self.collection(viewer, name).alias, id_)
        return found

    # ---- adding and deleting

    def post(self, viewer: Viewer, name: str, data: bytes) -> bytes:
        """Add the objects of an envelope, each taken or not on its own; gives the status resource.

        Forbidden for a collection that takes none; Invalid for what is no envelope.
        """
        alias = self.collection(viewer, name).alias
        policy.allow(viewer, Action.SHARE)
        self._takes(alias)
        read = stix_read.envelope(data, limit_bytes=self.settings.taxii_body_limit_bytes)
        at = self.now()
        owner = viewer.organisation
        with self.store.write() as tx:
            taken = [one for one in read if isinstance(one, Taken)]
            foreign = shared.foreign(tx, viewer, alias, [one.id for one in taken], owner)
            mine = [one for one in taken if one.id not in foreign]
            dated = self._versions_of(tx, viewer, alias, mine, at)
            objects = [
                SharedObject(
                    collection=alias,
                    id=one.id,
                    kind=one.kind,
                    version=dated[one.id] if one.version is None else one.version,
                    tlp=one.tlp,
                    organisation=owner,
                    body=one.data,
                )
                for one in mine
            ]
            new = shared.add(tx, objects, at=at)
            for one in mine:
                for field, kind, text, reason in one.kept:
                    held = KeptField(field=field, kind=kind, text=text, reason=reason, by=viewer.person, at=at)
                    shares.keep(tx, one.id, held)
            status = _status(read, foreign, objects, new, at)
            days = timedelta(days=self.settings.taxii_status_days)
            body = msgspec.json.encode(status)
            shared.keep_status(tx, status["id"], owner, body, at=at, forget=at - days)
            facts = {"collection": alias, "added": str(sum(new)), "refused": str(status["failure_count"])}
            self._note(tx, viewer, Kind.OBJECTS_ADDED, f"objects-added:{status['id']}", (), at, facts)
        return body

    def status(self, viewer: Viewer, id_: str) -> bytes:
        """What became of a request of the viewer's own organisation. Missing for any other."""
        policy.allow(viewer, Action.READ_SHARED)
        if viewer.is_anonymous or not viewer.organisation:
            raise Missing("no such status")
        with self.store.read() as tx:
            return shared.status(tx, id_, viewer.organisation)

    def delete(self, viewer: Viewer, name: str, id_: str, by: Filter) -> int:
        """Delete versions of an object of one's own organisation. Missing for what is not there or not one's own."""
        alias = self.collection(viewer, name).alias
        policy.allow(viewer, Action.SHARE)
        self._takes(alias)
        at = self.now()
        asked = Asked(collection=alias, ids=(id_,), versions=by.versions or ("last",), spec_versions=by.spec_versions)
        with self.store.write() as tx:
            gone = shared.remove(tx, asked, owner=viewer.organisation)
            if not gone:
                raise Missing("no such object of this organisation's")
            facts = {"collection": alias, "versions": str(gone)}
            key = f"objects-deleted:{secrets.token_hex(12)}"
            self._note(tx, viewer, Kind.OBJECTS_DELETED, key, (id_,), at, facts)
        return gone

    # ---- by event

    def take_advisory(self, id_: AdvisoryId, *, case: str = "") -> int:
        """Make the objects of a published advisory. Made twice, nothing is added; gives how many were new."""
        at = self.now()
        with self.store.write() as tx:
            advisory = published.get(tx, id_, FLOW)
            case = case or published.case_of(tx, id_, FLOW)
            marked = stix_advisory.write(
                advisory,
                namespace=self.settings.namespace,
                publisher=self.settings.organisation,
                case=case,
                restriction=_restriction(advisory.handling.no_equities_use, advisory.handling.legal_basis),
            )
            objects = [
                SharedObject(
                    collection=ADVISORIES,
                    id=one.fields["id"],
                    kind=one.fields["type"],
                    version=_moment(one.fields),
                    tlp=one.tlp,
                    organisation=HOST,
                    body=one.data,
                    case=case if one.tlp is not Tlp.CLEAR else "",
                    source="" if one.fields["type"] in ("identity", "marking-definition") else id_,
                )
                for one in marked
            ]
            return sum(shared.add(tx, objects, at=at))

    def catch_up(self) -> int:
        """Make the objects of every published advisory that has none yet: once, when a worker starts."""
        with self.store.read() as tx:
            made = shared.sources(tx)
            without = [one for one in published.ids(tx, FLOW) if one not in made]
        return sum(self.take_advisory(one) > 0 for one in without)

    # ---- helpers, in call order

    def _collection(self, viewer: Viewer, alias: str) -> Collection:
        title, description = _TEXTS[alias]
        return Collection(
            id=self._id(alias),
            alias=alias,
            title=title,
            description=description,
            can_write=alias == EXCHANGE and policy.may(viewer, Action.SHARE),
        )

    def _id(self, alias: str) -> str:
        return str(uuid.uuid5(stix_marks.SPACE, f"{self.settings.namespace} collection {alias}"))

    def _takes(self, alias: str) -> None:
        if alias != EXCHANGE:
            raise Forbidden("nobody adds to this collection, or deletes from it, from outside")

    def _asked(self, alias: str, by: Filter, after: str, room: str) -> Asked:
        moment = by.after
        if after:
            moment = self._place(after, alias, by, room)
        return Asked(
            collection=alias,
            after=moment,
            ids=by.ids,
            kinds=by.kinds,
            versions=by.versions or ("last",),
            spec_versions=by.spec_versions,
        )

    def _rows(self, viewer: Viewer, name: str, by: Filter, *, limit: int, after: str, room: str) -> Slice:
        alias = self.collection(viewer, name).alias
        asked = self._asked(alias, by, after, room)
        with self.store.read() as tx:
            rows, more = shared.page(tx, viewer, asked, limit=limit)
        first, last = (rows[0].added, rows[-1].added) if rows else ("", "")
        return self._slice(alias, by, room, (), rows, first, last, more)

    def _there(self, viewer: Viewer, alias: str, id_: str) -> None:
        """Return when this viewer sees any version of the object at all; Missing otherwise."""
        with self.store.read() as tx:
            rows, _ = shared.page(tx, viewer, Asked(collection=alias, ids=(id_,), versions=("all",)), limit=1)
        if not rows:
            raise Missing("no such object, or not for this caller")

    def _slice(
        self,
        alias: str,
        by: Filter,
        room: str,
        objects: Sequence[bytes],
        rows: Sequence[Row],
        first: str,
        last: str,
        more: bool,
    ) -> Slice:
        following = self._next(last, alias, by, room) if more else ""
        return Slice(objects=objects, rows=rows, next=following, first=first, last=last)

    def _next(self, last: str, alias: str, by: Filter, room: str) -> str:
        seal = self._bound(last, alias, by, room)
        return base64.urlsafe_b64encode(f"{last} {seal}".encode()).decode().rstrip("=")

    def _place(self, token: str, alias: str, by: Filter, room: str) -> datetime:
        try:
            text, _, seal = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(" ")
            if hmac.compare_digest(seal.encode(), self._bound(text, alias, by, room).encode()):
                return datetime.fromisoformat(text)
        except ValueError:
            pass
        reason = "use the `next` of the page before, unchanged and with the same filters"
        raise Invalid("bad page", [Problem("/next", "bad_cursor", reason)])

    def _bound(self, last: str, alias: str, by: Filter, room: str) -> str:
        return self.store.master.mark("taxii next", f"{last} {alias} {room} {by.canonical}")[:32]

    # ---- marks of copies, and who looked

    def _marked(self, viewer: Viewer, rows: Sequence[Row]) -> list[bytes]:
        """Bodies as this viewer gets them; what is restricted and somebody else's is marked and noted."""
        foreign = [r for r in rows if r.tlp is not Tlp.CLEAR and r.organisation != viewer.organisation]
        if foreign and not viewer.is_system:
            at = self.now()
            with self.store.write() as tx:
                for row in foreign:
                    what = f"read over TAXII ({row.tlp.label})"
                    shares.looked(tx, owner=row.organisation, subject=row.id, person=viewer.person, what=what, at=at)
        strangers = {id(row) for row in foreign}
        return [self._copy(viewer, row.body) if id(row) in strangers else row.body for row in rows]

    def _copy(self, viewer: Viewer, body: bytes) -> bytes:
        fields: dict[str, Any] = msgspec.json.decode(body)
        refs = [*fields.get("object_marking_refs", []), self._mark_id(viewer)]
        return stix_marks.encode(fields | {"object_marking_refs": refs})

    def _canary(self, viewer: Viewer) -> str:
        return canary(self.store.master.derive(MARKS_ROOM), viewer.person, "taxii")

    def _mark_id(self, viewer: Viewer) -> str:
        return stix_marks.made_id("marking-definition", f"copy {self._canary(viewer)}")

    def _own_mark(self, viewer: Viewer, id_: str) -> bytes | None:
        """The mark in this viewer's copies, in words; None for any other id."""
        if viewer.is_anonymous or viewer.is_system or id_ != self._mark_id(viewer):
            return None
        with self.store.read() as tx:
            name = parties.person(tx, viewer.person).name
            home = parties.organisation(tx, viewer.organisation).name
        text = f"Shown to {name}, {home}. Mark {self._canary(viewer)}. Pass this copy on only as its label allows."
        return stix_marks.encode(stix_marks.statement(text) | {"id": id_})

    def whose(self, viewer: Viewer, mark: str) -> str:
        """Whose copy a mark tells of: by its letters or its marking id. For coordinators; "" for nobody's."""
        policy.allow(viewer, Action.READ_CASES)
        secret = self.store.master.derive(MARKS_ROOM)
        with self.store.read() as tx:
            for person in parties.all_people(tx):
                letters = canary(secret, person.id, "taxii")
                if mark in (letters, stix_marks.made_id("marking-definition", f"copy {letters}")):
                    return person.name
        return ""

    def _versions_of(
        self, tx: Tx, viewer: Viewer, alias: str, taken: Sequence[Taken], at: datetime
    ) -> dict[str, datetime]:
        """The version of objects without a time of their own: the one that is held, or now."""
        undated = [one.id for one in taken if one.version is None]
        if not undated:
            return {}
        found = dict.fromkeys(undated, at)
        for start in range(0, len(undated), 200):
            asked = Asked(collection=alias, ids=tuple(undated[start : start + 200]), versions=("all",))
            rows, _ = shared.page(tx, viewer, asked, limit=10_000)
            found.update(
                {row.id: datetime.fromisoformat(row.version) for row in rows if row.organisation == viewer.organisation}
            )
        return found

    def _note(
        self,
        tx: Tx,
        viewer: Viewer,
        kind: Kind,
        key: str,
        subjects: tuple[str, ...],
        at: datetime,
        facts: dict[str, str],
    ) -> None:
        event = Event(kind=kind, key=key, at=at, subjects=subjects, facts=facts, actor=viewer.person)
        journal.append(tx, event)


def _moment(fields: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(fields.get("modified") or fields["created"])


def _restriction(no_equities_use: bool, basis: str) -> str:
    """The sentence that travels with what is not public: how it may not be used, and on which ground it is shared."""
    equities = f"{NO_EQUITIES_USE} " if no_equities_use else ""
    return f"{equities}Shared on the ground of {basis or 'none stated'}."


def _status(
    read: Sequence[Taken | NotTaken],
    foreign: frozenset[str],
    objects: Sequence[SharedObject],
    new: Sequence[bool],
    at: datetime,
) -> dict[str, Any]:
    """TAXII 2.1, status resource: every object of the request stands under successes or failures."""
    successes = [
        {"id": one.id, "version": moment_text(one.version)} | ({} if is_new else {"message": "this version is held"})
        for one, is_new in zip(objects, new, strict=True)
    ]
    failures = [
        {"id": one.id, "version": moment_text(one.version or at), "message": "this id is another party's object"}
        for one in read
        if isinstance(one, Taken) and one.id in foreign
    ]
    failures += [
        {"id": one.id, "version": one.version, "message": one.reason} for one in read if isinstance(one, NotTaken)
    ]
    return {
        "id": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        "status": "complete",
        "request_timestamp": moment_text(at),
        "total_count": len(read),
        "success_count": len(successes),
        "successes": successes,
        "failure_count": len(failures),
        "failures": failures,
        "pending_count": 0,
        "pendings": [],
    }
