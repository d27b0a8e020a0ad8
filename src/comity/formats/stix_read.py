"""Read a TAXII envelope: each object on its own is taken, or not, with the reason.

An object is taken when it has what STIX 2.1 demands of it: a type, an id of that type, `spec_version` 2.1 (cyber
observables may leave it out), `created` and `modified` in order, and the properties its type cannot be without. Only
the common rules are checked here; a whole check is the validator's business. An object without a marking is held as
TLP:RED: what nobody labelled is nobody's to pass on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from comity.errors import Invalid, Problem
from comity.formats import parse, personal, stix_marks, times
from comity.model.handling import Tlp

ID: Final = re.compile(
    r"(?P<kind>[a-z0-9][a-z0-9-]{1,62})--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
)
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "attack-pattern": ("name",),
    "campaign": ("name",),
    "course-of-action": ("name",),
    "grouping": ("context", "object_refs"),
    "identity": ("name",),
    "incident": ("name",),
    "indicator": ("pattern", "pattern_type", "valid_from"),
    "infrastructure": ("name",),
    "intrusion-set": ("name",),
    "location": (),
    "malware": ("is_family",),
    "malware-analysis": ("product",),
    "note": ("content", "object_refs"),
    "observed-data": ("first_observed", "last_observed", "number_observed"),
    "opinion": ("opinion", "object_refs"),
    "report": ("name", "published", "object_refs"),
    "threat-actor": ("name",),
    "tool": ("name",),
    "vulnerability": ("name",),
    "relationship": ("relationship_type", "source_ref", "target_ref"),
    "sighting": ("sighting_of_ref",),
}
"""Domain and relationship objects of STIX 2.1 and what each cannot be without (beside the common properties)."""
OBSERVABLES: Final = frozenset(
    (
        *("artifact", "autonomous-system", "directory", "domain-name", "email-addr", "email-message", "file"),
        *("ipv4-addr", "ipv6-addr", "mac-addr", "mutex", "network-traffic", "process", "software", "url"),
        *("user-account", "windows-registry-key", "x509-certificate"),
    )
)
"""Cyber observables: they have no `created` and `modified`."""
TEXTS: Final = ("name", "description", "abstract", "content", "explanation", "contact_information")
"""Properties in which people write."""
KEPT: Final = "extension-definition--0d2f6b9c-78a1-5b12-9be5-a06914b6bc46"
"""Our property extension: `kept_personal_information`, a list of `{text, reason}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An object that may be kept. `version` None: it has no time of its own. `kept`: (field, kind, text, reason)."""

    id: str
    kind: str
    version: datetime | None
    tlp: Tlp
    data: bytes
    kept: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """An object that may not, and why. `id` and `version` as far as they could be read."""

    id: str
    version: str
    reason: str


Read: TypeAlias = Taken | NotTaken


def envelope(data: bytes, *, limit_bytes: int) -> list[Read]:
    """Each object of `{"objects": [...]}` in order. Invalid when it is no envelope at all."""
    document = parse.decode(data, parse.Limits(document_bytes=limit_bytes, depth=32))
    objects = document.get("objects") if isinstance(document, dict) else None
    if not isinstance(objects, list) or not objects:
        reason = "send an envelope: an object with a list of at least one STIX object under `objects`"
        raise Invalid("this is no envelope", [Problem("/objects", "no_objects", reason)])
    return [read(one) for one in objects]


def read(one: object) -> Read:
    """One object."""
    if not isinstance(one, dict):
        return NotTaken(id="", version="", reason="an object was expected")
    id_, version = _text(one, "id"), _text(one, "modified") or _text(one, "created")
    problems = list(_problems(one, id_))
    if problems:
        return NotTaken(id=id_[:128], version=version[:40], reason="; ".join(problems[:3]))
    kept = _kept(one)
    fields = {name: one[name] for name in TEXTS if isinstance(one.get(name), str)}
    left = personal.unexplained(fields, kept)
    if left:
        named = ", ".join(sorted({f"a {found.kind} in {found.field}" for found in left}))
        reason = f"personal information stays without a reason ({named}): take it out, or give reasons in {KEPT}"
        return NotTaken(id=id_, version=version, reason=reason)
    stays = tuple(
        (found.field, found.kind, found.text, kept[found.text])
        for field, text in fields.items()
        for found in personal.found(field, text)
    )
    label = stix_marks.label_of(one)
    kind = str(one["type"])
    if kind == "marking-definition" and label is None:
        label = Tlp.CLEAR  # a marking has no label but itself, and says nothing of anybody's object
    return Taken(
        id=id_,
        kind=kind,
        version=times.read(version) if version else None,
        tlp=Tlp.RED if label is None else label,
        data=stix_marks.encode(one),
        kept=stays,
    )


def _problems(one: Mapping[str, Any], id_: str) -> Iterator[str]:
    kind = _text(one, "type")
    held = ID.match(id_)
    if held is None or len(id_) > 128:
        yield "id: an id is a type, two hyphens and a UUID in lower case"
    elif kind != held["kind"]:
        yield "type: it differs from the type in the id"
    spec = one.get("spec_version")
    if spec != "2.1" and not (spec is None and kind in OBSERVABLES):
        yield "spec_version: this collection takes STIX 2.1"
    if kind in OBSERVABLES:
        return
    dated = ("created",) if kind == "marking-definition" else ("created", "modified")
    moments = []
    for name in dated:
        try:
            moments.append(times.read(_text(one, name)))
        except ValueError:
            yield f"{name}: a time such as 2026-01-31T09:00:00.000Z is needed"
    if len(moments) == 2 and moments[1] < moments[0]:
        yield "modified: it lies before created"
    for name in NEEDS.get(kind, ()):
        if one.get(name) in (None, "", []):
            yield f"{name}: a {kind} cannot be without it"
    for name in ("object_refs", "object_marking_refs"):
        if name in one and not _are_ids(one[name]):
            yield f"{name}: a list of ids"


def _are_ids(refs: object) -> bool:
    return isinstance(refs, list) and bool(refs) and all(isinstance(ref, str) and ID.match(ref) for ref in refs)


def _kept(one: Mapping[str, Any]) -> dict[str, str]:
    extensions = one.get("extensions")
    ours = extensions.get(KEPT) if isinstance(extensions, dict) else None
    listed: Sequence[Any] = ours.get("kept_personal_information", []) if isinstance(ours, dict) else []
    return {
        str(entry.get("text", "")): str(entry.get("reason", ""))[:500]
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
    }


def _text(one: Mapping[str, Any], name: str) -> str:
    value = one.get(name)
    return value if isinstance(value, str) else ""
