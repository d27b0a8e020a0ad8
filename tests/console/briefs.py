"""Briefs on the test site: public, disputed, corrected, withdrawn, by a model; and drafts."""

from dataclasses import dataclass, replace
from datetime import timedelta

from comity.brief.desk import Counted
from comity.model.article import Origin, Source
from comity.model.brief import Published
from tests.api.fakes import NASTY
from tests.api.site import Site
from tests.brief.conftest import TEXT, make_source
from tests.brief.hosts import decided, drafted_of, model_brief

FIXED = (
    "CVE-2026-10001 in Northwind Gateway was fixed in version 3.0.2. The flaw could allow an attacker to read files "
    "outside the served folder. Operators must install the update by 3 December 2026. It was released in October."
)
CLAIM = (
    "Partner rollouts of new models will need consent of the government, a broadcaster reported. "
    "The White House answered that firms decide on release."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Ids by what they show."""

    public: str
    disputed: str
    corrected: str
    withdrawn: str
    model: str
    draft: str
    nasty: str


def release(site: Site, source: Source, **given: object) -> Published:
    """A brief by one editor, reviewed and published by another."""
    maker, other = site.viewers["editor"], site.viewers["second-editor"]
    record = site.briefs.keep(maker, drafted_of(source, **given))
    begun = site.briefs.begin(other, record.id)
    site.briefs.open_source(other, record.id, source.url)
    site.clock.now += timedelta(seconds=45)
    outcome = site.briefs.decide(other, record.id, decided(begun), editor_of_record=maker.person)
    assert isinstance(outcome, Counted)
    return site.briefs.publish(other, record.id)


def filled(site: Site) -> Filled:
    """Make all of them."""
    other = site.viewers["second-editor"]
    public = release(site, make_source(FIXED, url="https://example.org/gateway", author="Press Office"))
    disputed = release(site, make_source(CLAIM, url="https://example.org/claim"))
    corrected = release(site, make_source(url="https://example.org/corrected"))
    words = [line.text for line in corrected.lines]
    site.clock.now += timedelta(hours=2)
    site.briefs.correct(
        other,
        corrected.id,
        note="We wrote of all agencies; the source says which.",
        title="Which agencies a directive may reach",
        sentences=[words[0].replace("60 agencies", "60 of the agencies"), *words[1:]],
    )
    withdrawn = release(site, make_source(TEXT + " It ends in 2028.", url="https://example.org/withdrawn"))
    site.briefs.withdraw(other, withdrawn.id, reason="The agency took its notice back.", whose="source")
    source = make_source(TEXT + " It ends in 2029.", url="https://example.org/model")
    model = release(site, source, brief=replace(model_brief(source), origin=Origin.MODEL, id="b-model"))
    draft = site.briefs.keep(
        site.viewers["editor"], drafted_of(make_source(FIXED + " It is in use widely.", url="https://example.org/new"))
    )
    nasty = make_source(NASTY + " was named in the notice of the agency.", name=NASTY, title=NASTY, author=NASTY)
    held = site.briefs.keep(site.viewers["editor"], drafted_of(replace(nasty, url="https://example.org/nasty")))
    return Filled(
        public=public.id,
        disputed=disputed.id,
        corrected=corrected.id,
        withdrawn=withdrawn.id,
        model=model.id,
        draft=draft.id,
        nasty=held.id,
    )
