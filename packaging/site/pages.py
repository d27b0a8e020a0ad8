"""Add the pages that are made from code and from the checkout's own files to the docs site, at each build.

Nothing of it is written into the checkout, so it cannot go stale: commands, settings, API, rights and events are read
from the same tables that run. mkdocs loads this file as a hook and calls `on_files` and `on_post_page`.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from cyclopts import App
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from comity.access.policy import CLEARANCE, POLICY
from comity.cli.commands import app
from comity.model.events import Kind
from comity.model.party import Role
from comity.settings import ALIASES, Settings

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
LINK = re.compile(r"\]\((?!https://|#)([^)#]+)(#[^)]*)?\)")
MADE = "Made from the code at every build of this site.\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by mkdocs: the files of the site, with ours added."""
    for name, text in {**reference(), **project()}.items():
        files.append(File.generated(config, name, content=text))
    return files


def reference() -> Mapping[str, str]:
    """Path in the site -> page, for all that code says."""
    return {
        "reference/commands.md": commands(),
        "reference/settings.md": settings(),
        "reference/api.md": calls(),
        "reference/rights.md": rights(),
        "reference/events.md": events(),
    }


def project() -> Mapping[str, str]:
    """The checkout's own pages, with links that lead where the site has them; other links become plain text."""

    def moved(found: re.Match[str]) -> str:
        target, anchor = found[1], found[2] or ""
        if target.startswith("docs/") and target.endswith(".md"):
            return f"](../{target.removeprefix('docs/')}{anchor})"
        return f"]({target}{anchor})" if target in PROJECT else "](../index.md)"

    return {f"project/{name.lower()}": LINK.sub(moved, (ROOT / name).read_text()) for name in PROJECT}


def commands() -> str:
    """Every command with what it takes, in the words of its own help."""
    lines = ["# Commands", "", MADE]
    for words, one in walked(app, ()):
        function = one.default_command
        if function is None:
            continue
        lines += [f"## comity {' '.join(words)}", "", tidy(function.__doc__ or ""), ""]
        rows = []
        for argument in one.assemble_argument_collection(parse_docstring=True):
            name = ", ".join(f"`{each}`" for each in argument.names)
            said = tidy(argument.parameter.help or "")
            rows.append(f"| {name} | {cell(argument_kind(argument.hint))} | {'yes' if argument.required else ''} | {said} |")
        if rows:
            lines += ["| Option | Takes | Needed | What it is |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def walked(one: App, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], App]]:
    """Every command below, in the order of names."""
    for name in sorted(n for n in one if not n.startswith("-")):
        yield (*words, name), one[name]
        yield from walked(one[name], (*words, name))


def argument_kind(hint: Any) -> str:
    """A type as a reader sees it."""
    return getattr(hint, "__name__", None) if isinstance(hint, type) else str(hint).replace("typing.", "")


def settings() -> str:
    """Every setting by the name in the environment."""
    names = {field: name for name, field in ALIASES.items()}
    lines = ["# Settings by name", "", MADE, "What each is for stands in [settings](../settings.md).", ""]
    lines += ["| Environment | Type | Default |", "|---|---|---|"]
    for field in sorted(fields(Settings), key=lambda f: f.name):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if isinstance(default, Path) and default.is_relative_to(Path.home()):
            default = f"~/{default.relative_to(Path.home())}"
        name = names.get(field.name, f"COMITY_{field.name.upper()}")
        said = "empty" if default in {None, ""} else f"`{default}`"
        lines.append(f"| `{name}` | {cell(str(getattr(field.type, '__name__', field.type)))} | {said} |")
    return "\n".join(lines)


def calls() -> str:
    """Every API call, out of the OpenAPI document that a host serves."""
    from comity.api import http
    from comity.api.routes import routes
    from comity.app import opened

    with tempfile.TemporaryDirectory() as folder:
        held = Settings(data=Path(folder) / "data", keys=Path(folder) / "keys", checkpoints=Path(folder) / "points")
        with opened(held, work=False) as office:
            document = http.contract(routes(office))
    lines = ["# API calls", "", MADE, "How to call is in [the API](../api.md). A host serves the whole description.", ""]
    lines += ["| Call | What it does |", "|---|---|"]
    for path, ways in sorted(document["paths"].items()):
        for method, one in sorted(ways.items()):
            if method in {"get", "post", "put", "patch", "delete"}:
                said = tidy(one.get("description") or one.get("summary") or "")
                lines.append(f"| `{method.upper()} {path}` | {cell(said)} |")
    return "\n".join(lines)


def rights() -> str:
    """The one table of action and role."""
    lines = ["# Who may do what", "", MADE]
    lines.append("What a role may attempt. Which rows it then meets, the queries decide; hidden and missing are one answer.")
    lines += ["", "| To do what | Who | Scope of a token |", "|---|---|---|"]
    for action, rule in POLICY.items():
        who = "anybody" if rule.is_open else ", ".join(sorted(role.value for role in rule.roles))
        if rule.roles == frozenset(Role):
            who = "everybody with an account"
        flow = "; durable work too" if rule.system and not rule.is_open else ""
        lines.append(f"| {action.value} | {who}{flow} | {rule.scope.value if rule.scope else 'none: a person at a browser'} |")
    lines += ["", "## Highest marking by role", "", "| Role | Up to |", "|---|---|"]
    lines += [f"| {role.value} | TLP:{mark.name} |" for role, mark in CLEARANCE.items()]
    return "\n".join(lines)


def events() -> str:
    """Every kind of journal entry."""
    lines = ["# Events of the journal", "", MADE]
    lines += ["An entry carries ids and public facts only: never report text.", "", "| Event |", "|---|"]
    return "\n".join([*lines, *(f"| `{kind.value}` |" for kind in Kind)])


def tidy(text: str) -> str:
    """One paragraph out of a docstring, safe as a cell."""
    return cell(" ".join(text.split()))


def cell(text: str) -> str:
    """Text that does not end a table's cell, and is no markup."""
    return text.replace("|", "\\|").replace("<", "&lt;")
