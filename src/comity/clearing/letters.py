"""Write the letters of coordination: plain text, facts first, no guess about impact, at a pace the maintainer sets.

A letter that may not travel in clear becomes a notice: it says that something waits, and nothing of what it is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from comity.clearing import canaries
from comity.model.coordination import Coordination, Message, Participant, Terms
from comity.model.handling import Tlp
from comity.model.letter import Enclosure, Letter
from comity.model.report import Finding, Known

SPEAK = "Reply on the page, or ask us to stop writing: silence is never read as low severity or as consent."


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A patch that the case holds: how far it was checked in one sentence, and its bytes. `test` may be empty."""

    sentence: str
    diff: bytes
    test: bytes = b""


def notice(one: Participant, *, key: str, what: str, link: str, host: str) -> Letter:
    """That something waits. It names neither product nor weakness, so it has no label and may go in clear."""
    text = (
        f"{what}\n\nRead it here:\n{link}\n\n"
        "A link works once and begins a session in your browser; it ends after seven days. Do not pass it on.\n\n"
        f"{SPEAK}\n\n{host}"
    )
    return Letter(
        key=key,
        to=one.contact,
        purpose="notice to a participant",
        subject=f"A message waits for you at {_line(host)}",
        text=text,
        about=one.id,
    )


def read_in(one: Participant, held: Coordination, *, key: str, link: str, host: str) -> Letter:
    """The first word to somebody who was read in: what is asked of them, before anything is shown."""
    asked = "There is no embargo to agree to."
    if held.terms is not None:
        asked = (
            f"An embargo is in force {_until(held.terms)}. You see the case once you have agreed to keep quiet till "
            "then; you may decline, and nothing more is sent."
        )
    what = f"You were read in to a vulnerability case as {one.part}.\n\n{asked}"
    return notice(one, key=key, what=what, link=link, host=host)


def to_maintainer(
    one: Participant,
    held: Coordination,
    findings: tuple[Finding, ...],
    *,
    key: str,
    link: str,
    host: str,
    verdict: str,
    files: Mapping[str, bytes],
    offer: Offer | None,
    own_ai: str,
    tlp: Tlp,
    reference: str,
) -> Letter:
    """The report itself: what, where, how it was reproduced, what is proposed, until when all keep quiet.

    `own_ai` says what models did at this host in this case, the negative stated too.
    """
    first = findings[0]
    lines = [first.summary, ""]
    if first.affected:
        lines += ["Affected: " + "; ".join(a.purl or a.name for a in first.affected)]
    if first.symbols:
        lines += ["Where: " + "; ".join(" ".join(p for p in (s.file, s.function) if p) for s in first.symbols)]
    if first.cwes:
        lines += ["Weakness class: " + ", ".join(first.cwes)]
    lines += [f"Reproduced by somebody other than the finder: {verdict}", ""]
    for title, text in (
        ("What happens", first.description),
        ("How", first.trigger),
        ("Conditions", first.preconditions),
    ):
        if text:
            lines += [f"{title}:", text, ""]
    lines += [f"Use of AI, finder: {_ai(first)}", f"Use of AI, {host}: {own_ai}", ""]
    if offer is not None:
        lines += [f"A patch goes along. {offer.sentence} It is an offer: the word fixed is yours.", ""]
    if files:
        lines += ["Files: " + ", ".join(sorted(files)), ""]
    copy = canaries.line(reference)
    lines += [_quiet(held), "", f"The case, and where to answer:\n{link}", "", SPEAK, "", copy, "", host]
    enclosures = [Enclosure(name=n, media_type="application/octet-stream", data=d) for n, d in sorted(files.items())]
    if offer is not None:
        enclosures.append(Enclosure(name="proposed.patch", media_type="text/x-patch", data=offer.diff))
        if offer.test:
            enclosures.append(Enclosure(name="regression-test", media_type="text/plain", data=offer.test))
    return Letter(
        key=key,
        to=one.contact,
        purpose="report to a maintainer",
        subject=f"Vulnerability report: {_line(first.summary)}",
        text="\n".join(lines),
        tlp=tlp,
        about=one.id,
        openpgp=one.openpgp,
        enclosures=tuple(enclosures[:16]),
    )


def message(one: Participant, said: Message, *, link: str, host: str, reference: str) -> Letter:
    """A word of the thread as a letter of its own."""
    files = "\n\nFiles are on the page." if said.enclosed else ""
    copy = canaries.line(reference)
    return Letter(
        key=f"message:{said.id}:{one.id}",
        to=one.contact,
        purpose="case thread",
        subject=f"A word in your case at {_line(host)}",
        text=f"{said.name} writes:\n\n{said.text}{files}\n\nAnswer here:\n{link}\n\n{copy}\n\n{host}",
        tlp=said.tlp,
        about=one.id,
        openpgp=one.openpgp,
    )


def _quiet(held: Coordination) -> str:
    if held.terms is None:
        return "There is no embargo."
    return f"All who know keep quiet {_until(held.terms)} ({held.terms.basis}). Your own release date is yours to say."


def _until(terms: Terms) -> str:
    return f"until {terms.until:%Y-%m-%d %H:%M} UTC"


def _ai(finding: Finding) -> str:
    use = finding.provenance.discovery
    if use.used is Known.UNKNOWN:
        return "not stated"
    if use.used is Known.NO:
        return "none, as the finder states"
    degree = f"{use.degree}" if use.degree else "yes"
    tools = ", ".join(" ".join(p for p in (m.name, m.version) if p) for m in use.models)
    return ", ".join(p for p in (degree, tools, use.harness) if p)


def _line(text: str) -> str:
    return "".join(mark for mark in text if mark.isprintable())[:120]
