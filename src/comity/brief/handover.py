"""Hand a made brief over to those who keep, review and publish it: the draft with all that it was made from."""

from comity.brief.make import Made
from comity.brief.publish import results
from comity.model.article import Source
from comity.model.brief import Draft, Entity, Provenance, SourceFacts


def as_draft(made: Made) -> Draft:
    """The draft of the leading source's story. Sources about other events stay behind; suggestions are no entities."""
    asked = made.brief.asked
    origin_of = {place: number for number, group in enumerate(made.story.origins, 1) for place in group}
    order = [0, *(place for place in made.story.members if place != 0)]
    return Draft(
        brief=made.brief,
        sources=tuple(made.sources[place] for place in order),
        provenance=Provenance(
            pipeline_version=made.pipeline_version,
            config_hash=made.config_hash,
            model_id=asked.model if asked and asked.why is None else "none",
            parameters=asked.parameters if asked else (),
            prompt_hash=asked.prompt_hash if asked else "",
            sources=tuple(_facts(made.sources[place], origin_of[place]) for place in order),
            gate_results=results(made.checked),
            fallback=asked.sentence if asked and asked.fell_back else "",
        ),
        entities=tuple(
            Entity(kind=one.kind, value=one.value, span=one.span) for one in made.mentions if not one.suggested
        ),
        model_tokens=made.model_tokens,
    )


def _facts(source: Source, origin: int) -> SourceFacts:
    name, _, version = source.extractor.partition("/")
    return SourceFacts(
        name=source.name,
        url=source.url,
        canonical_url=source.canonical_url or source.url,
        author=source.author,
        publisher=source.publisher,
        published_at=source.published_at,
        published_from=source.published_from if source.published_at else "",
        retrieved_at=source.retrieved_at,
        sha256=source.sha256,
        text_sha256=source.text_sha256,
        extractor=name,
        extractor_version=version,
        marks=source.marks,
        licence=source.licence,
        reservation="; ".join(source.reservations),
        independent_origin=f"origin {origin}",
    )
