"""A brief for paper: one page by itself, label first, addresses written out."""

from comity.brief.channels.common import body, correction_lines, escaped, lead, source_line
from comity.model.brief import Published

STYLESHEET = "/static/comity.css"


def render(public: Published) -> str:
    """A whole HTML document without script, navigation or forms."""
    label, *banner = lead(public)
    paragraphs = [f"<p>{escaped(one)}</p>" for one in (*banner, *body(public))]
    sources = "".join(f"<li>{escaped(source_line(one))} {escaped(one.url)}</li>" for one in public.provenance.sources)
    corrections = "".join(f"<li>{escaped(one)}</li>" for one in correction_lines(public))
    mark = f"<p>Digital source type: {escaped(public.mark)}</p>" if public.mark else ""
    meta = f'<meta name="digitalsourcetype" content="{escaped(public.mark)}">' if public.mark else ""
    return (
        f'<!doctype html>\n<html lang="{escaped(public.language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{meta}'
        f'<title>{escaped(public.label)}</title><link rel="stylesheet" href="{STYLESHEET}"></head>\n'
        f'<body><main class="paper"><p class="brief-label" role="note">{escaped(label)}</p>\n'
        f"<h1>{escaped(public.title)}</h1>\n"
        + "\n".join(paragraphs)
        + f"\n<h2>Sources</h2><ul>{sources}</ul>"
        + (f"<h2>Corrections</h2><ol>{corrections}</ol>" if corrections else "")
        + f"\n{mark}<p>{escaped(public.url)}, version {public.version}, {escaped(public.publisher)}</p>"
        "</main></body></html>\n"
    )
