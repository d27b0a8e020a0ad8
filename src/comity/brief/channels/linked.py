"""A brief as schema.org JSON-LD. Validators may warn about `digitalSourceType` on text: the term is young."""

import json
from typing import Any

from comity.brief.channels.common import body, day, stamp
from comity.model.brief import Published


def describe(public: Published) -> dict[str, Any]:
    """A `NewsArticle` with origin mark, sources, corrections and the policies of the host."""
    site = public.url.rpartition("/briefs/")[0]
    sources = [
        {
            "@type": "CreativeWork",
            "name": one.name,
            "url": one.url,
            "dateCreated": day(one.published_at),
            **({"author": one.author} if one.author else {}),
            **({"digitalSourceType": list(one.marks)} if one.marks else {}),
        }
        for one in public.provenance.sources
    ]
    held: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "@id": public.url,
        "url": public.url,
        "inLanguage": public.language,
        "headline": public.title,
        "abstract": public.label,
        "articleBody": "\n\n".join((public.label, *body(public))),
        "version": public.version,
        "datePublished": stamp(public.published_at),
        "dateModified": stamp(public.modified_at),
        "publisher": {"@type": "Organization", "name": public.publisher},
        "isBasedOn": sources,
        "citation": [one.url for one in public.links if one.url],
        "publishingPrinciples": f"{site}/briefs/principles",
        "correctionsPolicy": f"{site}/briefs/corrections",
        "creativeWorkStatus": "Withdrawn" if public.tombstone else public.review_state.value,
    }
    if public.mark:
        held["digitalSourceType"] = public.mark
        held["additionalType"] = public.schema_mark
    if public.editor_of_record:
        held["editor"] = {"@type": "Person", "name": public.editor_of_record}
    if public.corrections:
        held["correction"] = [
            {"@type": "CorrectionComment", "text": one.note, "datePublished": stamp(one.at), "version": one.version}
            for one in public.corrections
        ]
    return held


def embedded(public: Published) -> str:
    """The same for a data block inside a page: no `<` in it, so that it cannot end the element it stands in."""
    return json.dumps(describe(public), ensure_ascii=True, sort_keys=True).replace("<", "\\u003c")
