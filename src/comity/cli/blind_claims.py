"""Scan claims whose area the host never sees: asked about, taken and ended from this terminal.

The area of a claim, who allowed it and what was looked at stay in a private file beside the local store. Whoever loses
it can still renew or abandon the claim, and can show nobody any more where it was.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from comity.cli.blind import asked, keep
from comity.cli.places import Place
from comity.errors import Invalid, Problem
from comity.settings import Settings

if TYPE_CHECKING:
    from comity.model.claim import Area, Authorisation
    from comity.sealing.asker import Sheet

FEW: Final = "  Nothing is told while fewer than three others hold claims on this host."


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What an asker has read off: the canonical area, the sheet of the question, the tag of each part, the overlap."""

    area: "Area"
    sheet: "Sheet"
    tags: Mapping[str, bytes]
    overlap: dict[str, Any]


def ask(held: Settings, there: Place, area: Mapping[str, Any], *, named: bool) -> tuple[dict[str, Any], str]:
    """How far others hold an area, in the API's shape, and the question, withdrawn: there is nothing to open."""
    looked = _look(held, there, area, None, named=named)
    there.act(f"/blind/questions/{looked.sheet.question}/withdrawal")
    return looked.overlap, looked.sheet.question


def take(held: Settings, there: Place, body: Mapping[str, Any], *, is_compared: bool) -> dict[str, Any]:
    """Take a claim on an area; the answer has the shape of an open one's, with the area that the host has not."""
    from comity.clearing.desk_blind import entries_of
    from comity.clearing.desk_claims import Authorisation
    from comity.sealing import blind, scopes

    authorisation = msgspec.convert(body["authorisation"], Authorisation)
    looked = _look(held, there, body["area"], authorisation, named=bool(body["may_be_named"]))
    key, text = scopes.fresh_key(), base64.b64encode
    area = looked.area
    claim = there.act(
        "/claims/blind",
        {
            "question": looked.sheet.question,
            "key": text(key).decode(),
            "entries": [text(one).decode() for one in entries_of(area, looked.tags, key)],
            "starts_on": authorisation.starts_on.isoformat(),
            "ends_on": authorisation.ends_on.isoformat(),
            "methods": [method.value for method in area.methods],
            "is_compared": is_compared,
            "may_be_named": body["may_be_named"],
        },
    )
    kept = scopes.Kept(
        claim=claim["claim"],
        host=there.name,
        question=looked.sheet.question,
        repository=area.repository,
        paths=area.paths,
        cwes=area.cwes,
        methods=tuple(method.value for method in area.methods),
        commits=tuple(area.commits or ()),
        owner=authorisation.owner,
        scope=authorisation.scope,
        contact=authorisation.contact,
        starts_on=authorisation.starts_on,
        ends_on=authorisation.ends_on,
        salt=blind.salt(),
    )
    keep(held.data / "claims", kept.claim, scopes.write(kept))
    shown = {"repository": area.repository, "paths": list(area.paths), "cwes": list(area.cwes)}
    return {"claim": {**claim, **shown}, "overlap": looked.overlap}


def where(held: Settings, claim: str) -> str:
    """What stands for the area of a blind claim in a list: the repository, where this machine has its file."""
    kept = _kept(held, claim)
    return f"{kept.repository} (blind)" if kept else "taken blindly"


def coverage(held: Settings, claim: str, line: str) -> dict[str, str]:
    """How an ending says what was looked at: in words, and for a blind claim as a digest whose words stay here."""
    from comity.sealing import scopes

    kept = _kept(held, claim)
    if kept is None or not line:
        return {"coverage": line}
    kept = msgspec.structs.replace(kept, coverage=line)
    keep(held.data / "claims", claim, scopes.write(kept))
    return {"coverage_sha256": kept.covered}


def _look(
    held: Settings, there: Place, area: Mapping[str, Any], authorisation: "Authorisation | None", *, named: bool
) -> Looked:
    """Ask about an area with everything above its parts, and look among all claims here."""
    from comity.api.claims import overlap
    from comity.clearing.desk_blind import Shelf, area_of, overlap_of
    from comity.clearing.desk_claims import Wish, authorised
    from comity.durable.clock import SystemClock  # the client package has no clocks of a host
    from comity.sealing import asker

    now = SystemClock().now()
    if authorisation is not None:
        authorised(authorisation, today=now.date())
    canonical, document, prints = area_of(msgspec.convert(area, Wish), authorisation)
    sheet, answer = asked(held, there, asker.prepare(document, prints))
    raw = base64.b64decode
    tags = asker.areas(
        sheet,
        evaluated=[raw(one) for one in answer["evaluated"]],
        proof=raw(answer["proof"]),
        public=bytes.fromhex(answer["public"]),
    )
    words = ",".join(method.value for method in canonical.methods)
    path = f"/blind/questions/{sheet.question}/claims"
    among = there.read(path, methods=words, may_be_named="true" if named else "false")
    shelf = Shelf(
        entries=tuple(raw(one) for one in among["entries"]), states=tuple(raw(one) for one in among["states"])
    )
    found = overlap_of(canonical, tags, shelf, now)
    shape: dict[str, Any] = msgspec.to_builtins(overlap(found))
    return Looked(area=canonical, sheet=sheet, tags=tags, overlap=shape)


def _kept(held: Settings, claim: str) -> Any:
    from comity.sealing import scopes

    if not claim.startswith("K-") or not all(c.isalnum() or c == "-" for c in claim):
        raise Invalid(f"{claim!r} names no claim", [Problem("/claim", "bad_name", "named like K-XXXX-XXXX-XXXX")])
    path = held.data / "claims" / f"{claim}.json"
    return scopes.read(path.read_bytes()) if path.exists() else None
