"""The twelve findings of the demo, as a lab would send them: real long-fixed CVEs, faults written for this project, a
repeat, false ones and broken ones. Built from the recipes that ship with Comity.
"""

from dataclasses import dataclass, replace

from comity.clearing.desk import Document
from comity.formats.recipe import read
from comity.formats.recipe_archive import ShippedCase, shipped_cases
from comity.formats.report import ReportDocument
from comity.model.evidence import Attachment, Role
from comity.model.ids import digest
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind, Symbol
from comity.model.report import (
    AiModel,
    AiUse,
    Degree,
    Exposure,
    Finding,
    Known,
    ModelExposure,
    Provenance,
    Reference,
    Review,
    Wishes,
)

REAL = ("tqdm-delim-eval", "babel-locale-traversal", "ecdsa-der-length", "zipp-endless-parents")
OWN = ("tlv-join", "ledger-page-traversal")
FALSE = ("false-faked-traceback", "false-follows-label", "false-wrong-component")
REPEATED = REAL[0]
PLACES = {
    "tlv-join": (Symbol(file="src/tlv.c", function="tlv_join"), "CWE-787"),
    "ledger-page-traversal": (Symbol(file="ledger/export.py", function="page"), "CWE-22"),
}
"""Where the faults are that were written for this project."""

FOUND_BY_AI = AiUse(
    used=Known.YES,
    degree=Degree.AUGMENTED,
    phases=("discovery", "reproduction"),
    models=(AiModel(name="example-model", version="0", provider="made up for the demo"),),
    harness="example-harness",
    operator="Demo Lab",
    review=Review.FULL,
    reviewer_role="analyst",
    exposure=ModelExposure.SELF_HOSTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One document of the demo's batch, and why it is in it."""

    document: Document
    why: str


def batch() -> tuple[Sent, ...]:
    """Twelve documents, in the order in which the lab sends them."""
    held = {case.id: case for case in shipped_cases()}
    sent = [Sent(document=_document(held[name]), why="real, long-fixed CVE") for name in REAL]
    sent += [Sent(document=_document(held[name]), why="fault written for this project") for name in OWN]
    again = finding_of(held[REPEATED])
    seen_elsewhere = replace(again, description="Found a second time, with another tool.", own_id="demo-again")
    sent.append(Sent(document=_written(held[REPEATED], seen_elsewhere, "again.json"), why="a repeat"))
    sent += [Sent(document=_document(held[name]), why="false, however convincing") for name in FALSE]
    sent.append(Sent(document=Document(name="cut-off.json", data=sent[0].document.data[:600]), why="broken: cut off"))
    wrong = sent[1].document.data.replace(b'"comity-report/1"', b'"comity-report/1", "schema": 7', 1)
    sent.append(Sent(document=Document(name="two-schemas.json", data=wrong), why="broken: a key twice"))
    return tuple(sent)


def finding_of(case: ShippedCase) -> Finding:
    """What a report about this case states."""
    recipe = read(case.recipe)
    version = recipe.vulnerable.purl.partition("@")[2]
    fixed = recipe.fixed.purl.partition("@")[2] if recipe.fixed else ""
    package = recipe.target.partition("/")[2]
    is_package = recipe.target.startswith("pkg:pypi/")
    span = [RangeEvent(kind=EventKind.INTRODUCED, version=version)]
    if fixed:
        span.append(RangeEvent(kind=EventKind.FIXED, version=fixed))
    return Finding(
        summary=case.summary,
        description=case.claim,
        trigger="See the recipe: it names each call and its arguments.",
        affected=(
            Affected(
                purl=recipe.target,
                ecosystem="PyPI" if is_package else "",
                name=package if is_package else "",
                ranges=(Range(kind=RangeKind.ECOSYSTEM, events=tuple(span)),) if is_package else (),
                versions=() if is_package else (version,),
            ),
        ),
        symbols=(PLACES[case.id][0],) if case.id in PLACES else (),
        cwes=(PLACES[case.id][1],) if case.id in PLACES else (),
        aliases=case.cves,
        references=(Reference(url="https://comity.invalid/demo", kind="WEB"),) if not case.cves else (),
        attachments=tuple(_attached(case)),
        provenance=Provenance(discovery=FOUND_BY_AI, authoring=AiUse(used=Known.NO)),
        exposure=Exposure(public=Known.YES if case.cves else Known.NO),
        wishes=Wishes(credit="Demo Lab (not a real party)"),
        own_id=f"demo-{case.id}",
    )


def _attached(case: ShippedCase) -> list[Attachment]:
    files = [("recipe.toml", case.recipe, Role.RECIPE)]
    files += [(name, data, Role.PROOF) for name, data in sorted(case.attachments.items())]
    return [
        Attachment(
            filename=name,
            media_type="application/octet-stream",
            digest=digest(data),
            size_bytes=len(data),
            role=role,
        )
        for name, data, role in files
    ]


def _document(case: ShippedCase) -> Document:
    return _written(case, finding_of(case), f"{case.id}.json")


def _written(case: ShippedCase, finding: Finding, name: str) -> Document:
    payloads = {digest(case.recipe): case.recipe, **case.attached}
    return Document(name=name, data=ReportDocument().write(finding, payloads))
