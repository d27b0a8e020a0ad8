"""Write an advisory as STIX 2.1 objects, each with its own marking, for a TAXII collection.

Who publishes (identity), each weakness it names (vulnerability), what to do (course-of-action, and that it mitigates),
how it was validated (note), and the advisory itself (report). An advisory that comes from a case also gives a grouping
for those read in to it, never below AMBER+STRICT: it names the case, the others do not. Ids follow from the advisory
(UUID version 5, STIX 2.1 section 2.9) and `modified` is the advisory's own, so a newer state is a newer version.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from comity.formats import cvss, stix_marks
from comity.formats.stix_marks import made_id, moment
from comity.model.advisory import Advisory
from comity.model.handling import Tlp
from comity.model.product import Affected


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One object and its label. `for_case`: only for those read in to the case that the advisory came from."""

    tlp: Tlp
    fields: dict[str, Any]
    for_case: bool = False

    @property
    def data(self) -> bytes:
        """As it is served."""
        return stix_marks.encode(self.fields)


def identity(name: str, namespace: str) -> dict[str, Any]:
    """Who publishes. Its time is fixed, since nothing of it changes without giving another id."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": made_id("identity", f"{namespace} {name}"),
        "created": stix_marks.MARKED_AT,
        "modified": stix_marks.MARKED_AT,
        "name": name,
        "identity_class": "organization",
        "object_marking_refs": [stix_marks.TLP_IDS[Tlp.CLEAR]],
    }


def write(advisory: Advisory, *, namespace: str, publisher: str, case: str = "", restriction: str = "") -> list[Marked]:
    """The objects, markings and identity first. ValueError without a publication date.

    `restriction` is a sentence that travels as a marking with everything that is not CLEAR, and with the grouping.
    """
    if advisory.published_at is None:
        raise ValueError(f"advisory {advisory.id} has no publication date")
    owner = identity(publisher, namespace)
    label = advisory.handling.tlp
    made = _Maker(advisory, namespace, owner["id"], restriction)
    objects = [*made.vulnerabilities(), *made.actions(), *made.notes()]
    objects.append(made.report([one["id"] for one in objects]))
    marked = [Marked(tlp=label, fields=one) for one in objects]
    closed = max(label, Tlp.AMBER_STRICT)
    if case:
        refs = [one["id"] for one in objects]
        marked.append(Marked(tlp=closed, fields=made.grouping(case, refs, closed), for_case=True))
    labels = {label, Tlp.CLEAR} | ({closed} if case else set())
    first = [Marked(tlp=Tlp.CLEAR, fields=stix_marks.tlp(one)) for one in sorted(labels)]
    if restriction and (case or label is not Tlp.CLEAR):
        first.append(Marked(tlp=Tlp.CLEAR, fields=stix_marks.statement(restriction)))
    return [*first, Marked(tlp=Tlp.CLEAR, fields=owner), *marked]


@dataclass(frozen=True, slots=True)
class _Maker:
    advisory: Advisory
    namespace: str
    owner: str
    restriction: str

    def vulnerabilities(self) -> Iterator[dict[str, Any]]:
        """One for each CVE id; one under the advisory's own id when it names none."""
        a = self.advisory
        names = [name for name in a.aliases if name.upper().startswith("CVE-")] or [str(a.id)]
        for name in dict.fromkeys(names):
            outside = [self._named(name)]
            outside += [{"source_name": "cwe", "external_id": cwe} for cwe in a.cwes]
            yield self._object(
                "vulnerability",
                f"{a.id} {name}",
                name=outside[0]["external_id"],
                description="\n\n".join(text for text in (a.summary, a.details) if text),
                external_references=outside,
            )

    def actions(self) -> Iterator[dict[str, Any]]:
        """What to do, and which weaknesses it mitigates."""
        a = self.advisory
        targets = [one["id"] for one in self.vulnerabilities()]
        for what, text in (("remediation", a.remediation), ("workaround", a.workaround)):
            if not text:
                continue
            action = self._object(
                "course-of-action", f"{a.id} {what}", name=f"{what.capitalize()} of {a.id}", description=text
            )
            yield action
            for target in targets:
                yield self._object(
                    "relationship",
                    f"{a.id} {what} {target}",
                    relationship_type="mitigates",
                    source_ref=action["id"],
                    target_ref=target,
                )

    def notes(self) -> Iterator[dict[str, Any]]:
        """How it was validated, who approved it, and how severe it is held to be."""
        a = self.advisory
        refs = [one["id"] for one in self.vulnerabilities()]
        lines = [text for text in (a.evidence, a.approved_by) if text]
        lines += [f"Severity {cvss.score(one).base:.1f} (CVSS {one.version}, {one.vector})" for one in a.severities]
        lines += [_product(one) for one in a.affected]
        if lines:
            yield self._object(
                "note", f"{a.id} evidence", abstract="Evidence and products", content="\n".join(lines), object_refs=refs
            )

    def report(self, refs: list[str]) -> dict[str, Any]:
        """The advisory itself. A withdrawn one is revoked."""
        a = self.advisory
        assert a.published_at is not None
        outside = [self._named(str(a.id))]
        outside += [{"source_name": "reference", "url": one.url} for one in a.references]
        gone = a.withdrawn_at is not None
        return self._object(
            "report",
            str(a.id),
            name=f"Withdrawn: {a.title}" if gone else a.title,
            description=a.summary,
            published=moment(a.published_at),
            report_types=["vulnerability"],
            object_refs=refs,
            external_references=outside,
        )

    def grouping(self, case: str, refs: list[str], label: Tlp) -> dict[str, Any]:
        """The case for those read in to it."""
        made = self._object(
            "grouping", f"{self.advisory.id} case", name=f"Case {case}", context="unspecified", object_refs=refs
        )
        return made | {"object_marking_refs": self._marks(label)}

    def _named(self, name: str) -> dict[str, str]:
        """An outside name: STIX wants a CVE id under the source `cve`, in capitals."""
        is_cve = name.upper().startswith("CVE-")
        return {
            "source_name": "cve" if is_cve else self.namespace,
            "external_id": name.upper() if is_cve else name,
        }

    def _object(self, kind: str, unique: str, **fields: Any) -> dict[str, Any]:
        a = self.advisory
        assert a.published_at is not None
        gone = {"revoked": True} if a.withdrawn_at is not None else {}
        return {
            "type": kind,
            "spec_version": "2.1",
            "id": made_id(kind, f"{self.namespace} {unique}"),
            "created": moment(a.published_at),
            "modified": moment(a.modified_at),
            "created_by_ref": self.owner,
            "object_marking_refs": self._marks(a.handling.tlp),
            **gone,
            **fields,
        }

    def _marks(self, label: Tlp) -> list[str]:
        marks = [stix_marks.TLP_IDS[label]]
        if self.restriction and label is not Tlp.CLEAR:
            marks.append(stix_marks.statement(self.restriction)["id"])
        return marks


def _product(one: Affected) -> str:
    name = one.purl or "/".join(part for part in (one.ecosystem or one.vendor, one.name) if part)
    fixed = ", ".join(one.fixed_versions)
    return f"Affected: {name}" + (f"; fixed in {fixed}" if fixed else "")
