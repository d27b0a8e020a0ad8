"""A brief as plain text: it starts with the label."""

from comity.brief.channels.common import absent, body, correction_lines, lead, source_line, unheld
from comity.model.brief import Published


def render(public: Published) -> str:
    """Label, banner, title, words, sources with both dates, links, corrections, address and mark."""
    parts = [*lead(public), public.title, *body(public)]
    if public.conflicts:
        parts.append(
            "\n".join(
                f"Disputed: {one.subject}, {one.predicate}: “{one.ours.value}” ({_from(one.ours.origins)}) "
                f"against “{one.theirs.value}” ({_from(one.theirs.origins)})."
                for one in public.conflicts
            )
        )
    if public.plain:
        parts.append("\n".join(["In plain words:", *(f"- {line}" for line in public.plain)]))
    parts.append("\n".join(f"Source: {source_line(one)}\n{one.url}" for one in public.provenance.sources))
    if public.links:
        parts.append("\n".join(f"See {one.kind} {one.target}: {one.says} {one.url}".rstrip() for one in public.links))
    if public.absences:
        parts.append("\n".join(["Looked for and not found:", *(f"- {line}" for line in absent(public))]))
    if named := unheld(public):
        parts.append(named)
    if corrections := correction_lines(public):
        parts.append("\n".join(corrections))
    tail = [f"Version {public.version}. {public.url}"]
    if public.checked:
        tail.insert(0, f"Checks: {public.checked}.")
    if public.mark:
        tail.append(f"Digital source type: {public.mark}")
    return "\n\n".join([*parts, "\n".join(tail)]) + "\n"


def _from(origins: object) -> str:
    named = [one.source for one in origins] if isinstance(origins, tuple) else []
    return ", ".join(named) or "origin unknown"
