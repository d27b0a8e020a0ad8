"""Fetch or read what a brief is made from, and ask a model for words where one is configured: IO and the clock.

A model is asked only for a source that may be sent to one; whatever comes of it, the keyless draft stands until an
answer has passed every gate.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from comity.brief import gather, make, model_draft, records
from comity.brief.check.budget import Budget
from comity.brief.gather import Registered
from comity.brief.make import Made
from comity.brief.model_draft import Question
from comity.errors import Conflict, Invalid, Missing, TooLarge, Unavailable
from comity.feeds.web import Fetched, Gone, NotModified, Reader
from comity.language import Endpoint, Prompt, ask, endpoint
from comity.model.article import Source
from comity.model.asked import Answered, Asked, Unanswered, Why
from comity.settings import Settings


def gathered(place: str, *, about: Registered, settings: Settings, now: datetime) -> tuple[Source, ...]:
    """The sources at a file or an address. Conflict when the publisher does not want machines there."""
    if urlsplit(place).scheme in ("http", "https"):
        return fetched(
            place, about=about, reader=Reader(now=now, private=settings.fetch_private, contact=settings.public_url)
        )
    path = Path(place)
    if not path.is_file():
        raise Missing(f"there is no file {path.name} here: give a file, or an address that begins with https://")
    if path.stat().st_size > records.LIMITS.document_bytes:
        raise TooLarge(f"{path.name} is over {records.LIMITS.document_bytes} bytes")
    return gather.read(path.read_bytes(), url=path.name, retrieved_at=now, about=about, name=path.name.lower())


def fetched(url: str, *, about: Registered, reader: Reader) -> tuple[Source, ...]:
    """The sources at an address, by a reader that keeps to the publisher's wishes."""
    match reader.fetch(url):
        case Fetched() as answer:
            found = gather.read(
                answer.content,
                url=answer.url,
                retrieved_at=answer.retrieved_at,
                about=about,
                media_type=answer.media_type,
            )
            known = answer.known
            return tuple(replace(one, etag=known.etag, last_modified=known.last_modified) for one in found)
        case Gone(status=status):
            raise Unavailable(f"{urlsplit(url).hostname} answered {status}: look at the address")
        case NotModified():
            raise Conflict("the document is as it was: nothing new to make a brief from")
        case reserved:
            said = "; ".join(reserved.signals)
            raise Conflict(f"the publisher does not want machines to read this ({said}): nothing was kept")


def made_from(
    places: Sequence[str],
    *,
    about: Registered,
    settings: Settings,
    budget: Budget | None = None,
    used_words: int = 0,
    judge: bool = False,
    now: datetime | None = None,
) -> Made:
    """A brief about the first place's first source; the other places are further sources of its story."""
    if not places:
        raise Invalid("give a file or an address to make a brief from")
    at = now or datetime.now(UTC)  # noqa: TID251 - a flow reads the clock
    sources: list[Source] = []
    single = True
    for place in places:
        found = gathered(place, about=about, settings=settings, now=at)
        single = single and len(found) == 1
        sources += found
    held = make.make(sources, together=single, budget=budget, used_words=used_words)
    return worded(held, endpoint(settings), budget=budget, used_words=used_words, judge=judge)


def worded(
    held: Made, model: Endpoint | None, *, budget: Budget | None = None, used_words: int = 0, judge: bool = False
) -> Made:
    """With a model's words where one answers and every gate lets them through; else keyless, and the record says so."""
    source = held.sources[0]
    question = model_draft.plan(source, held.kind)
    prompt = _prompt(question)
    if reason := model_draft.may_ask(source):
        refused = Asked(prompt=prompt.title, prompt_hash=prompt.digest, why=Why.REFUSED, detail=reason)
        return make.without_model(held, refused) if model is not None else held
    answer = ask(
        model,
        prompt,
        check=lambda value: model_draft.judge(
            value, source, held.brief, held.kind, budget=budget, used_words=used_words, conflicts=held.conflicts
        ),
    )
    match answer:
        case Answered():
            done = make.with_model(held, answer.value, answer.asked, budget=budget, used_words=used_words)
        case Unanswered():
            done = make.without_model(held, answer.asked)
    if judge and model is not None:
        opinion = ask(model, _prompt(model_draft.plan_judge(done.brief, source)))
        if isinstance(opinion, Answered):
            return make.judged(done, opinion.value)
    return done


def _prompt(question: Question) -> Prompt:
    return Prompt(
        name=question.name,
        version=question.version,
        instructions=question.instructions,
        data=question.data,
        schema=question.schema,
    )
