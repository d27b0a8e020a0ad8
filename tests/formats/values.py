"""Findings and advisories for the tests: one worked example each, and Hypothesis strategies over the whole model."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from comity.formats import attachments, cvss, parse, purl
from comity.model.advisory import Advisory, Credit, CreditKind, Publisher, Revision
from comity.model.evidence import Attachment, Role
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId, Digest, digest
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind, Symbol
from comity.model.report import (
    PHASES,
    AiModel,
    AiUse,
    Crash,
    Degree,
    Exploitation,
    Exposure,
    Finding,
    Known,
    ModelExposure,
    Provenance,
    Reference,
    Review,
    Unknown,
    Wishes,
)

WHEN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

ADVISORY = Advisory(
    id=AdvisoryId("COMITY-2026-0001"),
    title="Parser stalls on nested input",
    summary="Users of parser before 2.0 can be stalled; update to 2.0.",
    details="Nesting is followed without a bound.",
    published_at=WHEN,
    modified_at=WHEN,
    aliases=("CVE-2026-12345", "GHSA-2222-3333-4444"),
    cwes=("CWE-674",),
    affected=(
        Affected(
            purl="pkg:pypi/parser",
            ecosystem="PyPI",
            name="parser",
            versions=("1.0", "1.1"),
            ranges=(
                Range(
                    kind=RangeKind.ECOSYSTEM,
                    events=(
                        RangeEvent(kind=EventKind.INTRODUCED, version="0"),
                        RangeEvent(kind=EventKind.FIXED, version="2.0"),
                    ),
                ),
            ),
        ),
    ),
    severities=(cvss.read("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"),),
    references=(Reference(url="https://example.org/fix", kind="FIX"),),
    credits=(Credit(name="A laboratory"), Credit(name="A model", kind=CreditKind.TOOL)),
    remediation="Update to 2.0.",
    workaround="Limit the length of input.",
    evidence="The effect was seen in 5 of 5 runs.",
    publisher=Publisher(name="A host", namespace="https://comity.invalid"),
    revisions=(Revision(number="1", at=WHEN, summary="First publication."),),
    approved_by="Approved by a script; no person did.",
)

LETTERS = st.characters(
    min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f", exclude_categories=["Cc", "Cs"]
)
WORDS = st.text(LETTERS, min_size=1, max_size=12)
LINES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
PROSE = st.one_of(st.just(""), LINES, st.lists(LINES, min_size=2, max_size=3).map("\n\n".join))
TOKENS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,9}", fullmatch=True)
TIMES = st.datetimes(min_value=datetime(1999, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))
VECTORS = st.sampled_from(
    [
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "CVSS:3.0/AV:L/AC:H/PR:L/UI:R/S:C/C:L/I:L/A:N",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
    ]
)
SEVERITIES = st.builds(lambda vector, source: cvss.read(vector, source), VECTORS, st.one_of(st.just(""), LINES))
REFERENCES = st.builds(
    Reference,
    url=TOKENS.map(lambda path: f"https://example.org/{path}"),
    kind=st.sampled_from(["ADVISORY", "FIX", "REPORT", "WEB", "EVIDENCE", "PACKAGE"]),
)
CWES = st.sampled_from(["CWE-79", "CWE-400", "CWE-674", "CWE-787"])
IDS = st.one_of(st.from_regex(r"CVE-20[0-9]{2}-[0-9]{4,6}", fullmatch=True), TOKENS.map(lambda t: f"GHSA-{t}"), TOKENS)
HASHES = st.text("0123456789abcdef", min_size=40, max_size=40)


def _pairs(draw: st.DrawFn, versions: st.SearchStrategy[str]) -> tuple[RangeEvent, ...]:
    events = [RangeEvent(kind=EventKind.INTRODUCED, version=draw(st.one_of(st.just("0"), versions)))]
    end = draw(st.sampled_from([None, EventKind.FIXED, EventKind.LAST_AFFECTED]))
    if end is not None:
        events.append(RangeEvent(kind=end, version=draw(versions)))
    return tuple(events)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    """Ranges that OSV can say."""
    kind = draw(st.sampled_from(list(RangeKind)))
    if kind is RangeKind.GIT:
        return Range(kind=kind, events=_pairs(draw, HASHES), repo=f"https://example.org/{draw(TOKENS)}")
    return Range(kind=kind, events=_pairs(draw, TOKENS))


@st.composite
def affected(draw: st.DrawFn) -> Affected:
    """Products in normal form: by purl, by ecosystem and name, or by vendor and name."""
    versions = tuple(draw(st.lists(TOKENS, max_size=3, unique=True)))
    said: dict[str, Any] = {"versions": versions, "ranges": tuple(draw(st.lists(ranges(), max_size=2)))}
    match draw(st.integers(0, 2)):
        case 0:
            locator = purl.canonical(f"pkg:{draw(st.sampled_from(['pypi', 'npm', 'cargo']))}/{draw(TOKENS)}")
            return purl.complete(Affected(purl=locator, **said))
        case 1:
            return Affected(ecosystem=draw(st.sampled_from(["PyPI", "Go", "Debian:12"])), name=draw(LINES), **said)
        case _:
            return Affected(vendor=draw(LINES), name=draw(LINES), **said)


AI_USES = st.builds(
    AiUse,
    used=st.sampled_from(Known),
    degree=st.one_of(st.none(), st.sampled_from(Degree)),
    phases=st.lists(st.sampled_from(PHASES), max_size=3, unique=True).map(tuple),
    models=st.lists(st.builds(AiModel, name=LINES, version=st.one_of(st.just(""), TOKENS)), max_size=2).map(tuple),
    harness=st.one_of(st.just(""), LINES),
    operator=st.one_of(st.just(""), LINES),
    review=st.sampled_from(Review),
    exposure=st.sampled_from(ModelExposure),
    transcript_digest=st.one_of(st.none(), st.binary(max_size=4).map(digest)),
    raw=PROSE,
)
PROVENANCES = st.builds(Provenance, discovery=AI_USES, authoring=AI_USES)


def handlings(labels: st.SearchStrategy[Tlp]) -> st.SearchStrategy[Handling]:
    """Handling with labels out of `labels`."""
    return st.builds(Handling, tlp=labels, no_equities_use=st.booleans(), legal_basis=st.one_of(st.just(""), LINES))


def advisories(labels: st.SearchStrategy[Tlp], identifiers: st.SearchStrategy[str]) -> st.SearchStrategy[Advisory]:
    """Advisories over the whole model, leftovers apart."""
    return st.builds(
        Advisory,
        id=identifiers.map(AdvisoryId),
        title=st.one_of(st.just(""), LINES),
        summary=PROSE,
        details=PROSE,
        published_at=st.one_of(st.none(), TIMES),
        modified_at=TIMES,
        aliases=st.lists(IDS, max_size=3, unique=True).map(tuple),
        related=st.lists(IDS, max_size=2, unique=True).map(tuple),
        upstream=st.lists(IDS, max_size=2, unique=True).map(tuple),
        cwes=st.lists(CWES, max_size=3, unique=True).map(tuple),
        affected=st.lists(affected(), max_size=3).map(tuple),
        severities=st.lists(SEVERITIES, max_size=3, unique=True).map(tuple),
        references=st.lists(REFERENCES, max_size=3, unique=True).map(tuple),
        credits=st.lists(
            st.builds(
                Credit, name=LINES, kind=st.sampled_from(CreditKind), contact=st.lists(TOKENS, max_size=1).map(tuple)
            ),
            max_size=2,
            unique=True,
        ).map(tuple),
        remediation=PROSE,
        workaround=PROSE,
        evidence=PROSE,
        provenance=PROVENANCES,
        publisher=st.builds(
            Publisher,
            name=LINES,
            namespace=st.just("https://comity.invalid"),
            category=st.sampled_from(["coordinator", "vendor"]),
        ),
        revisions=st.lists(
            st.builds(Revision, number=TOKENS, at=TIMES, summary=LINES), max_size=2, unique_by=lambda r: r.at
        ).map(tuple),
        handling=handlings(labels),
        approved_by=PROSE,
    )


@st.composite
def findings(draw: st.DrawFn) -> tuple[Finding, dict[Digest, bytes]]:
    """Findings in normal form, with the payloads of their attachments."""
    payloads: dict[Digest, bytes] = {}
    held: list[Attachment] = []
    for name in draw(st.lists(TOKENS, max_size=3, unique_by=attachments.name_key)):
        data = draw(st.binary(min_size=1, max_size=20))
        is_inline = draw(st.booleans())
        if is_inline:
            payloads[digest(data)] = data
        held.append(
            Attachment(
                filename=f"f{name}",
                media_type="text/plain",
                digest=digest(data),
                size_bytes=len(data),
                role=draw(st.sampled_from(Role)),
                description=draw(st.one_of(st.just(""), LINES)),
            )
        )
    extra = draw(st.dictionaries(TOKENS.map(lambda t: f"x{t}"), st.integers(0, 9), max_size=2))
    finding = Finding(
        summary=draw(LINES),
        description=draw(PROSE),
        trigger=draw(PROSE),
        impact=draw(PROSE),
        preconditions=draw(PROSE),
        affected=tuple(draw(st.lists(affected(), max_size=2))),
        symbols=tuple(
            draw(st.lists(st.builds(Symbol, file=LINES, function=LINES, line=st.integers(0, 99)), max_size=2))
        ),
        cwes=tuple(draw(st.lists(CWES, max_size=2, unique=True))),
        aliases=tuple(draw(st.lists(IDS, max_size=2))),
        related=tuple(draw(st.lists(IDS, max_size=2))),
        severities=tuple(draw(st.lists(SEVERITIES, max_size=2))),
        references=tuple(draw(st.lists(REFERENCES, max_size=2))),
        introduced_commits=tuple(draw(st.lists(HASHES, max_size=1))),
        fixed_commits=tuple(draw(st.lists(HASHES, max_size=1))),
        crash_frames=tuple(draw(st.lists(LINES, max_size=2))),
        crash=draw(st.one_of(st.just(Crash()), st.builds(Crash, kind=LINES, target=LINES, first_bad=TIMES))),
        attachments=tuple(held),
        fix=draw(PROSE),
        workaround=draw(PROSE),
        provenance=draw(PROVENANCES),
        exposure=draw(st.builds(Exposure, public=st.sampled_from(Known), exploitation=st.sampled_from(Exploitation))),
        wishes=draw(st.builds(Wishes, credit=st.one_of(st.just(""), LINES), publish_after=st.one_of(st.none(), TIMES))),
        handling=draw(handlings(st.sampled_from(Tlp))),
        own_id=draw(st.one_of(st.just(""), LINES)),
        language=draw(st.sampled_from(["", "en", "de-CH"])),
        unknown=(
            *(
                Unknown(format="comity-report", pointer=f"/{key}", json=parse.compact(extra[key]))
                for key in sorted(extra)
            ),
            *draw(st.lists(st.just(Unknown(format="osv", pointer="/a~1b", json='{"c":1}')), max_size=1)),
        ),
    )
    return finding, payloads
