"""`comity affected "Product 1.2"`: one question, one answer, one action. No inventory and no account are needed."""

from typing import TYPE_CHECKING, Any

from comity.cli import show
from comity.cli.options import Json, configured
from comity.cli.places import office

if TYPE_CHECKING:
    from comity.defend.desk import Reply

STYLES = {"yes": "bold red", "no": "bold green", "cannot tell": "bold yellow"}


def affected(product: str, *, json: Json = False) -> int:
    """Is this product affected? Exit status 0: no; 1: yes, or it cannot be told."""
    from comity.model.party import ANONYMOUS

    with office(configured(), work=False) as held:
        reply = held.defend.affected(ANONYMOUS, product)
    show.document(document(reply)) if json else _said(reply)
    return 0 if reply.word.value == "no" else 1


def _said(reply: "Reply") -> None:
    show.line(reply.word.value.upper(), STYLES[reply.word.value])
    show.line(reply.sentence)
    for one in reply.choices:
        show.line(f"  {one}")
    if reply.action:
        show.line("")
        show.line(f"Do this {reply.urgency.value}: {reply.action}", "bold")
        show.line(reply.mitigation)
    if reply.due:
        show.line(f"Plan to be done by {reply.due}. This binds nobody; it is a date to plan by.", "dim")
    if reply.kev_due:
        show.line(f"CISA's catalogue asks civil agencies to act by {reply.kev_due}.", "dim")
    if reply.sharpen:
        show.line(reply.sharpen, "yellow")
    for weakness in [one for one in reply.weaknesses if one.reached is not False][:6]:
        used = ", used in attacks" if weakness.in_kev else ""
        show.line(f"  {weakness.name}: {weakness.title}{used}; {weakness.why}", "dim")
    for source in reply.sources:
        dated = f"of {source.as_of:%Y-%m-%d}" if source.as_of else "never fetched"
        show.line(f"  {source.name} {dated}{': too old' if source.stale else ''}", "dim")


def document(reply: "Reply") -> dict[str, Any]:
    """The same for programs."""
    return {
        "answer": reply.word.value,
        "sentence": reply.sentence,
        "product": reply.product,
        "version": reply.question.version,
        "do": reply.urgency.value,
        "action": reply.action,
        "mitigation": reply.mitigation,
        "plan_by": reply.due.isoformat() if reply.due else None,
        "kev_due": reply.kev_due or None,
        "choices": list(reply.choices),
        "sharpen": reply.sharpen,
        "stale": reply.stale,
        "weaknesses": [
            {
                "id": one.name,
                "title": one.title,
                "reached": one.reached,
                "why": one.why,
                "in_kev": one.in_kev,
                "source": one.source,
            }
            for one in reply.weaknesses
        ],
        "sources": [
            {"name": s.name, "as_of": s.as_of.isoformat() if s.as_of else None, "stale": s.stale} for s in reply.sources
        ],
    }
