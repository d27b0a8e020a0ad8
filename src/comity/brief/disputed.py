"""Ten claims about the order that circulate and are wrong or disputed, with what better evidence says.

A source that makes one of them is shown with the conflict and both origins, and a brief never states it as fact. The
words compared are rules of ours and know English only; a claim in other words passes unseen.
"""

import re
from dataclasses import dataclass
from typing import Final

from comity.brief.lexicon import ATTRIBUTION, NEGATORS
from comity.brief.sentences import sentences, words
from comity.model.article import Brief, Source, Span
from comity.model.brief import Claim, ClaimOrigin, Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One claim. All `patterns` in one sentence, and none of `unless`, make it. `better` is said by `origin`."""

    id: str
    subject: str
    predicate: str
    value: str
    patterns: tuple[str, ...]
    unless: str = ""
    better: str
    origin: str
    url: str = ""
    standing: str


ORDER: Final = "Executive Order 14409, 91 FR 34565"
_LEGAL: Final = f"{ORDER}, as law firms' memos report it (secondary)"

HELD: Final = (
    Held(
        id="F1",
        subject="GOLD EAGLE",
        predicate="scans",
        value="unreleased AI systems",
        patterns=(
            r"clearinghouse|gold eagle",
            r"scan\w*",
            r"unreleased|unpublished|ai systems?|ai models?|frontier models?",
        ),
        unless=r"software",
        better="it coordinates scanning for software vulnerabilities",
        origin=_LEGAL,
        standing="wrong",
    ),
    Held(
        id="F2",
        subject=ORDER,
        predicate="adds",
        value="a Security Council recipient, a Justice AI Fraud Task Force or a Commerce export framework",
        patterns=(r"order|directive|eo 14409", r"security council|fraud task force|export framework"),
        better="no other source has it: uncorroborated",
        origin=_LEGAL,
        standing="disputed",
    ),
    Held(
        id="F3",
        subject="GOLD EAGLE",
        predicate="participation",
        value="mandatory",
        patterns=(
            r"gold eagle|clearinghouse",
            r"requir\w+|must|oblig\w+|mandat\w+|compel\w*",
            r"developer|lab|vendor|compan|firm",
        ),
        better="taking part is voluntary",
        origin=f"{ORDER}, and the White House (secondary)",
        standing="wrong",
    ),
    Held(
        id="F4",
        subject="GOLD EAGLE",
        predicate="gives members",
        value="anonymised targeting telemetry",
        patterns=(r"anonymi[sz]ed", r"telemetry"),
        better="no other source has it: uncorroborated",
        origin=_LEGAL,
        standing="disputed",
    ),
    Held(
        id="F5",
        subject="BOD-26-04",
        predicate="inputs",
        value="severity, prevalence, criticality, mission",
        patterns=(r"bod[- ]26-04", r"severity|prevalence|criticality|mission"),
        better="exposure, listing in KEV, automatable, technical impact",
        origin="CERTCC/SSVC table cisa:DT_BOD2604:1.0.0 and five reports (secondary)",
        standing="wrong",
    ),
    Held(
        id="F6",
        subject="EU transparency code",
        predicate="published",
        value="2026-06-28",
        patterns=(r"code of practice|transparency code", r"28 june|june 28|2026-06-28"),
        better="10 June 2026",
        origin="reports of the final Code (secondary)",
        standing="wrong",
    ),
    Held(
        id="F7",
        subject="Article 50",
        predicate="postponed",
        value="all of it",
        patterns=(r"article 50\b(?!\(2\))", r"postpon\w+|delay\w+|deferr\w+|put off|pushed back"),
        unless=r"50\(2\)|paragraph 2",
        better="only 50(2), only for systems on the market before 2 August 2026, until 2 December 2026",
        origin="reports of the Omnibus of June 2026 (secondary)",
        standing="wrong",
    ),
    Held(
        id="F8",
        subject="partner rollouts",
        predicate="need",
        value="the government's consent",
        patterns=(
            r"partner",
            r"roll\w*|access|release",
            r"government|federal|white house",
            r"approv\w+|permission|sign.?off|consent",
        ),
        better="the White House says that firms control release",
        origin="digests of one broadcast report, against the White House (secondary)",
        standing="disputed",
    ),
    Held(
        id="F9",
        subject="voluntary framework",
        predicate="completed",
        value="on one certain day of 1, 3 or 4 August 2026",
        patterns=(
            r"framework",
            r"complet\w+|finali[sz]\w+|finish\w+",
            r"\b(?:1|3|4) aug\w*|\baug\w* (?:1|3|4)\b|2026-08-0[134]",
        ),
        better="early August 2026: reports give 1, 3 and 4 August",
        origin="three reports that differ (secondary)",
        standing="disputed",
    ),
    Held(
        id="F10",
        subject="covered frontier model benchmark",
        predicate="owned by",
        value="Treasury, NSA or CISA alone",
        patterns=(r"benchmark\w*", r"treasury|nsa|national security agency|cisa", r"alone|solely|only|owns?|sole"),
        better="shared development; determination by the Director of NSA",
        origin=_LEGAL,
        standing="wrong",
    ),
)


def seen(text: str) -> tuple[tuple[Held, Span], ...]:
    """Which of the ten claims a text makes, with the sentence that makes each. Denials of a claim do not make it."""
    found = []
    for span in sentences(text):
        sentence = text[span.start : span.end]
        if any(word.lower in NEGATORS for word in words(sentence)):
            continue
        for held in HELD:
            if held.unless and re.search(held.unless, sentence, re.IGNORECASE):
                continue
            if all(re.search(rf"\b(?:{one})", sentence, re.IGNORECASE) for one in held.patterns):
                found.append((held, span))
    return tuple(found)


def conflicts(source: Source) -> tuple[Conflict, ...]:
    """The conflicts that a source brings with it, each with both origins."""
    made = []
    for held, span in seen(source.text):
        words_ = source.text[span.start : span.end]
        ours = ClaimOrigin(
            source=source.name, url=source.url, span=span, words=words_, retrieved_at=source.retrieved_at
        )
        theirs = ClaimOrigin(source=held.origin, url=held.url, span=Span(0, 0), words=held.better)
        made.append(
            Conflict(
                subject=held.subject,
                predicate=held.predicate,
                ours=Claim(
                    subject=held.subject,
                    predicate=held.predicate,
                    value=held.value,
                    as_of=source.published_at,
                    origins=(ours,),
                ),
                theirs=Claim(subject=held.subject, predicate=held.predicate, value=held.better, origins=(theirs,)),
                standing=held.standing,
                note=held.id,
            )
        )
    return tuple(made)


def asserted(brief: Brief) -> tuple[tuple[int, Held], ...]:
    """Sentences of a brief that state one of the claims as fact: without saying whose claim it is."""
    found = []
    for number, sentence in enumerate(brief.sentences):
        attributed = any(word.lower in ATTRIBUTION for word in words(sentence.text))
        found += [(number, held) for held, _ in seen(sentence.text) if held.standing == "wrong" or not attributed]
    return tuple(found)
