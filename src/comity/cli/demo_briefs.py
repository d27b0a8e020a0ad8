"""Demo step 11: a public-domain government text becomes a brief. Everybody in it is a script, and the label says so.

The words are CISA's own: an entry of its catalogue of known exploited vulnerabilities, and its SSVC statement about a
weakness that this demo published an advisory for (both CC0-1.0; they ship as starter data with their dates).
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from comity.app import Office, trusted
from comity.brief.desk import Counted, Decision
from comity.durable.clock import JumpingClock
from comity.errors import Conflict, Tampered
from comity.formats.pack import starter
from comity.library.check import checker
from comity.model.article import Source
from comity.model.brief import Record
from comity.model.party import ANONYMOUS, Viewer

ENTRY: Final = "CVE-2024-8068"
KEV_URL: Final = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog"
SSVC_URL: Final = "https://github.com/cisagov/vulnrichment"
LICENCE: Final = "US government work, CC0-1.0"
Say = Callable[..., None]


def play(office: Office, clock: JumpingClock, maker: Viewer, reviewer: Viewer, say: Say) -> bool:
    """The whole step. True when a brief was blocked, reviewed, published, found again and broken by an edit."""
    at = clock.now()
    source = entry(at)
    draft = office.briefs.extract(maker, source)
    say(f"source: {source.name}, {source.url}, {LICENCE}")
    good = _locked(office, maker, draft, say)
    draft = office.briefs.extract(maker, source)
    good &= _cannot_review(office, maker, draft, say)
    public = _published(office, clock, maker, reviewer, draft, say)
    view = office.briefs.brief(ANONYMOUS, public.id).public
    say(view.label, "bold")
    for line in view.lines:
        say(line.text)
        say(f"    rests on {', '.join(line.places)}: \u201c{' '.join(line.rests_on)}\u201d", "dim")
    for link in view.links:
        say(f"joined to {link.kind} {link.target}: {link.says}")
    found = office.briefs.detect(ANONYMOUS, "\n".join([view.title, *(line.text for line in view.lines)]))
    say(f"was this text published here? {found.answer}")
    good &= found.answer == "yes" and _tampered(office, public.id, say)
    return good & _joined(office, clock, maker, reviewer, at, say)


def _locked(office: Office, maker: Viewer, draft: Record, say: Say) -> bool:
    """One word stronger than the source is blocked."""
    words = [one.text for one in draft.brief.sentences]
    stronger = [one.replace("could allow for", "will allow for") for one in words]
    office.briefs.edit(maker, draft.id, title=draft.brief.title, sentences=stronger)
    view = office.briefs.draft(maker, draft.id)
    blocks = [one for one in view.checked.findings if one.weight == "block"]
    if stronger == words or not blocks:
        say("a stronger word passed", "red")
        return False
    say("\u201ccould\u201d changed to \u201cwill\u201d: blocked, because", "yellow")
    say(f"    {blocks[0].gate}: {blocks[0].reason}", "yellow")
    return True


def _cannot_review(office: Office, maker: Viewer, draft: Record, say: Say) -> bool:
    try:
        office.briefs.publish(maker, draft.id)
    except Conflict as error:
        say(f"put back; to publish it now: {error}")
        return True
    return False


def _published(office: Office, clock: JumpingClock, maker: Viewer, reviewer: Viewer, draft: Record, say: Say) -> Any:
    begun = office.briefs.begin(reviewer, draft.id)
    office.briefs.open_source(reviewer, draft.id, draft.source.url)
    assert begun.sitting is not None
    clock.jump_to(clock.now() + timedelta(seconds=office.settings.review_floor_seconds + 1))
    planted = begun.sitting.planted
    decisions = {
        number: Decision.WRONG if number in planted else Decision.HOLDS for number in range(len(begun.sitting.items))
    }
    outcome = office.briefs.decide(reviewer, draft.id, decisions, editor_of_record=str(maker.person))
    if not isinstance(outcome, Counted):
        raise Conflict("the script's review did not count")
    say("reviewed by the demo script and not by a person; it was told which error is planted", "yellow")
    return office.briefs.publish(maker, draft.id)


def _tampered(office: Office, brief: str, say: Say) -> bool:
    """The signed metadata hold, and break on an edit of the label."""
    data = office.briefs.file(ANONYMOUS, brief, "brief.json").data
    seal = office.briefs.file(ANONYMOUS, brief, "brief.json.seal.json").data
    check = checker(lambda: trusted(office.settings))
    say(f"signed metadata: {check(data, seal).sentence}")
    try:
        check(data.replace(b"a script and not a person", b"a person"), seal)
    except Tampered as error:
        say(f"label changed to say that a person reviewed it: {error}", "red")
        return True
    return False


def _joined(office: Office, clock: JumpingClock, maker: Viewer, reviewer: Viewer, at: datetime, say: Say) -> bool:
    """CISA's statement about a weakness that an advisory of this demo names: joined by themselves."""
    for advisory in office.library.advisories(ANONYMOUS).rows:
        for alias in advisory.aliases:
            source = statement(alias, at)
            if source is None:
                continue
            public = _published(office, clock, maker, reviewer, office.briefs.extract(maker, source), say)
            links = [link for link in public.links if link.kind == "advisory"]
            for link in links:
                say(f"\u201c{public.lines[0].text}\u201d is joined to {link.target} by {link.because}", "green")
            return bool(links)
    say("no advisory of this demo is about a weakness that the shipped extract of Vulnrichment holds", "yellow")
    return True


def entry(at: datetime) -> Source:
    """CISA's entry for one CVE: its own words, with the two dates that it states."""
    catalogue = next(json.loads(data) for data in starter() if b"catalogVersion" in data[:2000])
    row = next(one for one in catalogue["vulnerabilities"] if one["cveID"] == ENTRY)
    text = "\n\n".join(
        (
            f"{row['cveID']}: {row['vulnerabilityName']}.",
            row["shortDescription"],
            row["requiredAction"],
            f"{row['cveID']} was added on {_spoken(row['dateAdded'])}. Due date: {_spoken(row['dueDate'])}.",
        )
    )
    added = datetime.fromisoformat(row["dateAdded"]).replace(tzinfo=UTC)
    return _source(
        "CISA KEV catalogue", f"{KEV_URL}?search_api_fulltext={ENTRY}", row["vulnerabilityName"], text, added, at
    )


def statement(cve: str, at: datetime) -> Source | None:
    """CISA's SSVC statement about a CVE; None when the shipped extract has none."""
    for data in starter():
        for line in data.splitlines() if b"CVE_RECORD" in data[:4000] else ():
            record = json.loads(line)
            if record["cveMetadata"]["cveId"] != cve:
                continue
            content = record["containers"]["adp"][0]["metrics"][0]["other"]["content"]
            said = ", ".join(f"{name} {value}" for option in content["options"] for name, value in option.items())
            stated = datetime.fromisoformat(content["timestamp"])
            text = f"{cve} is rated by the {content['role']} in SSVC {content['version']}: {said}."
            return _source("CISA Vulnrichment", f"{SSVC_URL}#{cve}", f"SSVC statement on {cve}", text, stated, at)
    return None


def _source(name: str, url: str, title: str, text: str, published_at: datetime, at: datetime) -> Source:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Source(
        name=name,
        url=url,
        title=title,
        text=text,
        author="CISA",
        publisher="CISA",
        published_at=published_at,
        retrieved_at=at,
        sha256=digest,
        text_sha256=digest,
        openly_licensed=True,
    )


def _spoken(day: str) -> str:
    at = datetime.fromisoformat(day)
    return f"{at.day} {at:%B %Y}"
