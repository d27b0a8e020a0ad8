"""Print the reference of the pack format out of its own schema, so that the page and the reader never differ."""

from typing import Any

from comity.formats import directive

BEGIN = "<!-- reference: made from the schema, do not edit -->"
END = "<!-- end of reference -->"


def reference() -> str:
    """Two tables in Markdown: the fields of a pack, and the fields inside its lists."""
    schema = directive.schema()
    lines = [BEGIN, "", "| Field | Must be there | What it is |", "|---|---|---|"]
    for name, part in schema["properties"].items():
        must = "yes" if name in schema["required"] else "no"
        lines.append(f"| `{name}` | {must} | {_cell(part['description'])} |")
    lines += ["", "| Inside | Fields (those in brackets may be left out) |", "|---|---|"]
    for name, part in schema["properties"].items():
        held = part.get("items", part)
        if "properties" in held:
            lines.append(f"| `{name}` | {_fields(held)} |")
        for option in held.get("oneOf", ()):
            if "properties" in option:
                lines.append(
                    f"| `{name}`, as {' and '.join(f'`{one}`' for one in option['required'])} | {_fields(option)} |"
                )
    return "\n".join([*lines, "", END])


def _fields(held: dict[str, Any]) -> str:
    must = held.get("required", ())
    return ", ".join(f"`{name}`" if name in must else f"[`{name}`]" for name in held["properties"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
