"""Compose the one advisory of a case, and turn the approved draft into the published text.

The draft carries no times. Approvals bind to its digest; publication fills in the times and changes nothing else, so
anybody can strip them again and see that what was published is what was approved (`draft_of`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from comity.errors import Conflict
from comity.model.advisory import Advisory, Credit, CreditKind, Publisher, Revision
from comity.model.case import Case, Validation
from comity.model.evidence import Build, Flaky, NeedsPerson, NotReproduced, Reproduced, Tally, Verdict
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId, ReportId
from comity.model.product import Affected
from comity.model.report import AiUse, Finding, Known, Provenance, Reference

T = TypeVar("T")

UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands where a draft has no time yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Who publishes: the host's own name and namespace, and where its advisories can be read."""

    name: str
    namespace: str
    address: str


def compose(case: Case, held: Mapping[ReportId, Finding], *, id: AdvisoryId, host: Host) -> Advisory:  # noqa: A002 - the field's own name
    """The draft advisory of a case. The report that was validated last gives title, text and products.

    The words and the evidence are of one report, so that nobody's invention is published under another's proof; of
    the other reports only identifiers, references and credits are taken, in their order of arrival. `Conflict` when
    the case holds no verdict: nothing is published without its evidence.
    """
    if not case.validations:
        raise Conflict(f"case {case.id} has no verdict yet; validate it before an advisory is drafted")
    first = held[case.validations[-1].report]
    findings = (first, *(held[report] for report in case.reports if held[report] is not first))
    stated = next((f.provenance for f in findings if f.provenance.discovery.used is not Known.UNKNOWN), Provenance())
    affected = first.affected
    return Advisory(
        id=id,
        title=first.summary,
        summary=_bottom_line(first, affected),
        details=first.description,
        modified_at=UNTIMED,
        aliases=_unique((*([case.cve] if case.cve else []), *(a for f in findings for a in f.aliases))),
        related=_unique(a for f in findings for a in f.related),
        cwes=first.cwes,
        affected=affected,
        severities=first.severities,
        references=_references(findings, id=id, host=host),
        credits=_credits(findings),
        remediation=_remediation(first, affected),
        workaround=first.workaround,
        evidence=evidence_sentence(case.validations[-1]),
        provenance=Provenance(discovery=_public(stated.discovery), authoring=_public(stated.authoring)),
        publisher=Publisher(name=host.name, namespace=host.namespace),
        handling=Handling(tlp=Tlp.CLEAR, no_equities_use=False, legal_basis="publication approved by named people"),
    )


def finalise(draft: Advisory, *, approved_by: str, at: datetime, before: Advisory | None = None) -> Advisory:
    """The published text of an approved draft: times, its revision and the approval sentence, nothing else.

    `before` is what is out under this name: its day of publication and its revisions stay.
    """
    first = Revision(number="1", at=at, summary="First publication.")
    if before is None:
        return replace(draft, published_at=at, modified_at=at, revisions=(first,), approved_by=approved_by)
    held = before.revisions or (replace(first, at=before.published_at or at),)
    following = Revision(number=str(len(held) + 1), at=at, summary="What its maintainers state as VEX changed.")
    return replace(
        draft,
        published_at=before.published_at,
        modified_at=at,
        revisions=(*held, following),
        approved_by=approved_by,
    )


def preview(draft: Advisory, *, at: datetime, before: Advisory | None = None) -> Advisory:
    """How the draft would read if it were published at `at`; marked so that nobody takes it for an approved text."""
    return finalise(draft, approved_by="Preview of a draft: not approved.", at=at, before=before)


def draft_of(advisory: Advisory) -> Advisory:
    """The draft that an advisory was made from: the inverse of `finalise`."""
    return replace(advisory, published_at=None, modified_at=UNTIMED, revisions=(), approved_by="")


def evidence_sentence(validation: Validation) -> str:
    """How the weakness was validated, in Comity's words, naming the signed statement by digest."""
    sentence = verdict_sentence(validation.verdict)
    if validation.statement is not None:
        sentence += f" Signed statement: sha256:{validation.statement}."
    return sentence


def verdict_sentence(verdict: Verdict) -> str:
    """A verdict as one or two plain sentences with its counts; never a bare yes or no."""
    match verdict:
        case Reproduced(tallies=tallies, level=level):
            return f"Reproduced ({level.name}): {_counts(tallies)}."
        case NotReproduced(reason=reason, tallies=tallies):
            return f"Not reproduced: {reason}" + (f" ({_counts(tallies)})." if tallies else ".")
        case Flaky(tallies=tallies, low=low, high=high):
            return f"Flaky: {_counts(tallies)}; the true rate lies between {low:.0%} and {high:.0%} (95 % interval)."
        case NeedsPerson(reason=reason, tallies=tallies):
            return f"Needs a person: {reason}" + (f" ({_counts(tallies)})." if tallies else ".")


def _counts(tallies: Sequence[Tally]) -> str:
    """`vulnerable 10/10, fixed 0/10`; a control is named by what it ran, since some controls are meant to fire."""
    named = []
    for tally in tallies:
        control = tally.build is Build.CONTROL and tally.detail
        name = f"control ({tally.detail.partition(':')[0]})" if control else str(tally.build)
        named.append(f"{name} {tally.fired}/{tally.runs}")
    return ", ".join(named)


def _bottom_line(finding: Finding, affected: Sequence[Affected]) -> str:
    names = _unique(a.purl or a.name for a in affected)
    fixed = _unique(v for a in affected for v in a.fixed_versions)
    who = ", ".join(names) if names else "the product named below"
    todo = f"Update to {' or '.join(fixed)} or later." if fixed else "No fixed version is named."
    return f"{finding.summary.rstrip('.')}. Affects {who}. {todo}"


def _remediation(finding: Finding, affected: Sequence[Affected]) -> str:
    if finding.fix:
        return finding.fix
    fixed = _unique(v for a in affected for v in a.fixed_versions)
    return f"Update to version {' or '.join(fixed)} or later." if fixed else ""


def _references(findings: Sequence[Finding], *, id: AdvisoryId, host: Host) -> tuple[Reference, ...]:  # noqa: A002 - the field's own name
    own = Reference(url=f"{host.address}/advisories/{id}", kind="ADVISORY")
    return (own, *_unique(r for f in findings for r in f.references))


def _credits(findings: Sequence[Finding]) -> tuple[Credit, ...]:
    return _unique(Credit(name=f.wishes.credit, kind=CreditKind.FINDER) for f in findings if f.wishes.credit)


def _public(use: AiUse) -> AiUse:
    """What is said in public of AI use: whether, how far, in which phases, with what review. Tools stay unnamed.

    Source: clearing.md 2.3, public wording after the Akrites AI-use policy.
    """
    return AiUse(
        used=use.used, degree=use.degree, phases=use.phases, review=use.review, reviewer_role=use.reviewer_role
    )


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    """Each once, in the order first seen."""
    return tuple(dict.fromkeys(items))
