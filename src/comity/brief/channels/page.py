"""A brief as the article of a page: label first, the source's words beside each sentence, no script, no style."""

from comity.brief.channels.common import absent, correction_lines, day, escaped, note, source_line, stamp, unheld
from comity.model.brief import Claim, Line, Link, Published


def article(public: Published) -> str:
    """One `article` element. Everything from outside is escaped; links come only from the record."""
    parts = [f'<article class="brief" lang="{escaped(public.language)}" aria-labelledby="brief-title">', _label(public)]
    if public.banner:
        parts.append(f'<p class="notice warn" role="status"><strong>Reopened.</strong> {escaped(public.banner)}</p>')
    parts.append(f'<h1 id="brief-title">{escaped(public.title)}</h1>')
    parts.append(_meta(public))
    if public.tombstone is not None:
        parts.append(f'<p class="notice bad" role="alert"><strong>{escaped(note(public))}</strong></p>')
    else:
        parts += [_lines(public), _conflicts(public), _twins(public), _links(public.links), _absent(public)]
    parts += [_sources(public), _checks(public), _corrections(public), "</article>"]
    return "\n".join(part for part in parts if part)


def _label(public: Published) -> str:
    mark = '<abbr class="ai" title="artificial intelligence">AI</abbr> ' if "AI-" in public.label else ""
    return (
        '<p class="brief-label" id="brief-label" role="note" aria-label="How this text was made: '
        f'{escaped(public.label)}">{mark}{escaped(public.label)}</p>'
    )


def _meta(public: Published) -> str:
    kind = escaped(public.class_primary.replace("_", " "))
    changed = "" if public.modified_at == public.published_at else f", changed {_time(public, modified=True)}"
    by = f" Editor of record: {escaped(public.editor_of_record)}." if public.editor_of_record else ""
    return (
        f'<p class="meta"><code>{escaped(public.id)}</code> {kind}, version {public.version}, '
        f"published {_time(public)}{changed}.{by}</p>"
    )


def _time(public: Published, *, modified: bool = False) -> str:
    at = public.modified_at if modified else public.published_at
    return f'<time datetime="{stamp(at)}">{at:%Y-%m-%d %H:%M} UTC</time>'


def _lines(public: Published) -> str:
    url = public.provenance.sources[0].url if public.provenance.sources else ""
    rows = "\n".join(_line(line, url, first=number == 0) for number, line in enumerate(public.lines))
    why = f'<p class="quiet">{escaped(public.why_no_paraphrase)}</p>' if public.why_no_paraphrase else ""
    return f'<ol class="beside">\n{rows}\n</ol>{why}'


def _line(line: Line, url: str, *, first: bool) -> str:
    kind = "says lead" if first else "says"
    words = "".join(f"<q>{escaped(one)}</q>" for one in line.rests_on) or escaped(line.withheld)
    places = escaped("; ".join(line.places))
    return (
        f'<li><p class="{kind}">{escaped(line.text)}</p>'
        f'<p class="rests"><span class="quiet">Rests on</span> {words} '
        f'<span class="quiet">{places} of {_anchor(url, "the source")}</span></p></li>'
    )


def _anchor(url: str, words: str) -> str:
    if not url.startswith(("https://", "http://", "/")):
        return f"<code>{escaped(url)}</code>"
    return f'<a href="{escaped(url)}" rel="noreferrer noopener nofollow">{escaped(words)}</a>'


def _conflicts(public: Published) -> str:
    if not public.conflicts:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escaped(one.subject)}, {escaped(one.predicate)}</th>'
        f"<td>{_side(one.ours)}</td><td>{_side(one.theirs)}</td>"
        f'<td><span class="badge warn">{escaped(one.standing)}</span></td></tr>'
        for one in public.conflicts
    )
    return (
        '<section aria-labelledby="disputed"><h2 id="disputed">Sources disagree</h2>'
        '<div class="scroll"><table><caption>Both values with both origins; none is chosen</caption>'
        '<thead><tr><th scope="col">About</th><th scope="col">This source</th><th scope="col">Other evidence</th>'
        f'<th scope="col">Standing</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _side(claim: Claim) -> str:
    origins = "; ".join(_anchor(one.url, one.source) if one.url else escaped(one.source) for one in claim.origins)
    return f'{escaped(claim.value)}<br><span class="quiet">{origins or "origin unknown"}</span>'


def _twins(public: Published) -> str:
    if not public.plain:
        return ""
    plain = "".join(f"<li>{escaped(one)}</li>" for one in public.plain)
    analyst = "".join(f"<li>{escaped(one)}</li>" for one in public.analyst)
    return (
        '<section class="columns twins" aria-label="The same facts twice"><div><h2>In plain words</h2>'
        f"<ul>{plain}</ul></div><div><h2>For analysts</h2><ul>{analyst}</ul></div></section>"
    )


def _links(links: tuple[Link, ...]) -> str:
    if not links:
        return ""
    rows = "".join(
        f"<li><strong>{escaped(one.kind)}</strong> {_anchor(one.url, one.target) if one.url else escaped(one.target)}: "
        f'{escaped(one.says)} <span class="quiet">joined by “{escaped(one.because)}”</span></li>'
        for one in links
    )
    return f'<section aria-labelledby="joined"><h2 id="joined">Joined to</h2><ul>{rows}</ul></section>'


def _absent(public: Published) -> str:
    rows = "".join(f"<li>{escaped(line)}</li>" for line in (*absent(public), *filter(None, [unheld(public)])))
    if not rows:
        return ""
    return f'<section aria-labelledby="absent"><h2 id="absent">Looked for and not found</h2><ul>{rows}</ul></section>'


def _sources(public: Published) -> str:
    rows = "".join(
        f"<li>{_anchor(one.url, one.url)}<br>{escaped(source_line(one))}"
        f' <span class="quiet">SHA-256 of its text <code class="hash">{escaped(one.text_sha256)}</code></span>'
        + (f'<br><span class="quiet">Marks found on it: {escaped(", ".join(one.marks))}</span>' if one.marks else "")
        + "</li>"
        for one in public.provenance.sources
    )
    count = len({one.independent_origin or one.url for one in public.provenance.sources})
    origins = "one origin" if count == 1 else f"{count} independent origins"
    return f'<section aria-labelledby="sources"><h2 id="sources">Sources ({origins})</h2><ul>{rows}</ul></section>'


def _checks(public: Published) -> str:
    held = public.provenance
    rows = [("How it was made", f"{held.pipeline_version}; model: {held.model_id}")]
    if held.fallback:
        rows.append(("Model mode left", held.fallback))
    if public.checked:
        rows.append(("Checks", f"{public.checked}. They miss most invented facts."))
    if public.mark:
        rows.append(("Digital source type", public.mark))
    rows.append(("Handling", public.tlp))
    if public.reviewed_at is not None:
        rows.append(("Reviewed", f"{public.reviewer} {day(public.reviewed_at)}"))
    body = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in rows)
    return f'<section aria-labelledby="made"><h2 id="made">How this came about</h2><dl>{body}</dl></section>'


def _corrections(public: Published) -> str:
    if not public.corrections:
        return ""
    rows = ""
    for line, one in zip(correction_lines(public), public.corrections, strict=True):
        pairs = "".join(f"<p><del>{escaped(was)}</del></p>" for was in one.was)
        pairs += "".join(f"<p><ins>{escaped(now)}</ins></p>" for now in one.now)
        rows += f"<li><strong>{escaped(line)}</strong>{pairs}</li>"
    return (
        '<section aria-labelledby="corrected"><h2 id="corrected">Corrections</h2>'
        f'<ol class="timeline">{rows}</ol></section>'
    )
