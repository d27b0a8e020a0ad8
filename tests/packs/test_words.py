"""Rule DR1: of a model, its developer or its release nothing here says approved, denied, blocked, cleared, licensed,
permitted or certified. Rule of EO-5: no text speaks of a right under the order.

The scan reads every Python file, schema, pack, template and translation of the package. Where a whole file concerns
models (the assess room, engagements, the gateway) no label and no text may hold a word of the closed list. Elsewhere a
label or sentence is caught when it joins such a word with a model, a developer, a release, an engagement or an
assessment. Planted violations of each kind show that the scan can fail.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from comity.model.order import VERDICT_WORDS

PACKAGE = Path(__file__).parents[2] / "src" / "comity"
ABOUT_MODELS = re.compile(r"(^|/)(assess|evals|gateway)(/|\.|$)|engagement|assessment")
SUBJECTS = frozenset(
    {
        *("model", "models", "developer", "developers", "engagement", "engagements"),
        *("assessment", "assessments", "release", "releases"),
    }
)
PROSE_SUBJECTS = SUBJECTS - {"release", "releases"}
"""In sentences a release is mostly that of a package or an advisory, which people do approve."""

THE_LIMIT = """Read section 3 so that it gives no power to make a government licence, advance clearance or permit
 a condition of developing, publishing, releasing or distributing a model.""".replace("\n", "")
EXCEPTIONS = {("formats/packs/us.eo-14409.json", THE_LIMIT): "clause 3(c) itself, which forbids all three"}
"""Places where a word of the list is right, with the reason. An entry that is no longer met fails the test."""

LISTS = {"language/vocabulary.txt": "the pieces of words of BERT, one to a line: no two of them are one sentence"}
"""Files that are lists, with the reason: each line is a text of its own. One that is prose, or gone, fails the test."""

RIGHTS = re.compile(
    r"\b(rights?|entitle[ds]?|entitlements?)\b[^.]{0,80}\b(under|by|from) (the|this) (executive )?order\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One piece of vocabulary or wording, with the names it stands under."""

    path: str
    words: str
    within: str = ""
    """Class or key that holds it: `ReleaseState` for a member of that enum."""


def tokens(text: str) -> set[str]:
    """Lower-case words of a sentence or of a name in any case style."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}


def gathered(root: Path) -> Iterator[Text]:
    """Every file that is text at all, whatever its ending: bytes that are no UTF-8 hold no wording."""
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root).as_posix()
        if not file.is_file() or "__pycache__" in path:
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        yield Text(path=path, words=file.stem)
        if file.suffix == ".py":
            yield from nodes(path, ast.parse(text), "")
        else:
            yield from document_texts(path, text) if file.suffix == ".json" else prose_texts(path, text)


def document_texts(path: str, text: str) -> Iterator[Text]:
    try:
        return json_texts(path, json.loads(text))
    except json.JSONDecodeError:
        return prose_texts(path, text)


def prose_texts(path: str, text: str) -> Iterator[Text]:
    if path in LISTS:
        return (Text(path=path, words=one) for line in text.splitlines() for one in sentences(line))
    return (Text(path=path, words=one) for one in sentences(text))


def nodes(path: str, parent: ast.AST, within: str) -> Iterator[Text]:
    for node in ast.iter_child_nodes(parent):
        inside = within
        match node:
            case ast.ClassDef(name=name):
                inside = f"{within} {name}".strip()
                yield Text(path=path, words=name, within=within)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield Text(path=path, words=name, within=within)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.keyword(arg=str(name)):
                yield Text(path=path, words=name, within=within)
            case ast.Expr(value=ast.Constant(value=str())):
                continue  # a docstring speaks about the code; it is no wording of the product
            case ast.Constant(value=str(value)):
                yield from (Text(path=path, words=one, within=within) for one in sentences(value))
        yield from nodes(path, node, inside)


def json_texts(path: str, value: object, within: str = "") -> Iterator[Text]:
    match value:
        case dict():
            for key, inner in value.items():
                yield Text(path=path, words=key, within=within)
                yield from json_texts(path, inner, key)
        case list():
            for inner in value:
                yield from json_texts(path, inner, within)
        case str():
            yield from (Text(path=path, words=one, within=within) for one in sentences(value))


def sentences(text: str) -> Iterator[str]:
    """Sentences of a text, each attribute value of a page (a style class is a label too), and each joined word."""
    plain = re.sub(r"<[^>]*>", lambda tag: " . ".join(["", *re.findall(r'="([^"]*)"', tag[0]), ""]), text)
    for one in re.split(r"(?<=[.!?:;])\s+|\n\s*\n|\s\.\s", plain):
        if one.strip():
            yield " ".join(one.split())
            yield from re.findall(r"[A-Za-z]+(?:[-_.][A-Za-z]+)+", one)


def is_prose(words: str) -> bool:
    return len(words.split()) > 3


def verdicts(texts: Iterator[Text]) -> list[Text]:
    """The texts that say of a model what nothing may say."""
    found = []
    for one in texts:
        said = tokens(one.words)
        if not said & VERDICT_WORDS:
            continue
        subjects = PROSE_SUBJECTS if is_prose(one.words) else SUBJECTS
        about = said | (set() if is_prose(one.words) else tokens(one.within))
        if ABOUT_MODELS.search(one.path) or about & subjects:
            found.append(one)
    return found


def claimed_rights(texts: Iterator[Text]) -> list[Text]:
    return [one for one in texts if RIGHTS.search(one.words.casefold()) and " no " not in f" {one.words.casefold()} "]


def test_no_wording_of_the_package_passes_a_verdict_on_a_model() -> None:
    found = {(one.path, one.words): one for one in verdicts(gathered(PACKAGE))}
    assert [one for key, one in found.items() if key not in EXCEPTIONS] == []
    assert [key for key in EXCEPTIONS if key not in found] == [], "an exception that is no longer needed"


def test_every_file_that_is_read_as_a_list_is_one() -> None:
    """One word to a line, so that nothing which is said over several lines is read apart."""
    for path in LISTS:
        lines = (PACKAGE / path).read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if len(line.split()) != 1] == []


def test_no_wording_of_the_package_speaks_of_a_right_under_the_order() -> None:
    assert claimed_rights(gathered(PACKAGE)) == []


def test_the_scan_reads_the_whole_package() -> None:
    wanted = {one.relative_to(PACKAGE).as_posix() for one in PACKAGE.rglob("*.py")}
    texts = list(gathered(PACKAGE))
    paths = {one.path for one in texts}
    assert wanted <= paths
    assert "formats/packs/order.schema.json" in paths
    # People approve advisories: the scan must see that word where it is right.
    assert any("approvals" in tokens(one.words) for one in texts if one.path == "settings.py")


PLANTED = {
    "model/engagement.py": 'from enum import StrEnum\nclass Outcome(StrEnum):\n    GOOD = "approved"\n',
    "assess/card.py": "from dataclasses import dataclass\n@dataclass\nclass Card:\n    certified_on: str = ''\n",
    "assess/scope.py": 'MOVES = {"terms": {"cleared"}}\n',
    "model/party.py": "class ReleaseState:\n    DENIED = 1\n",
    "subscriptions.py": 'TABLE = {"model.blocked": None}\n',
    "access/rights.py": "def may_license_model() -> bool:\n    return False\n",
    "clearing/desk.py": 'def f(x: object) -> str:\n    return "The developer was denied a place in the queue."\n',
    "formats/schemas/engagement.json": '{"properties": {"state": {"enum": ["open", "permitted"]}}}',
    "formats/schemas/report.json": '{"model_clearance": {"type": "string"}}',
    "console/templates/assess/card.html": "<p>Outcome: approved</p>",
    "console/templates/case/page.html": "<p>Everything is fine.</p><p>This model is licensed for use.</p>",
    "console/templates/queue.html": '<span class="developer-approved">done</span>',
    "clearing/model_approved.py": "",
    "language/vocabulary.txt": "approved\nmodel-approved\n",
    "console/static/app.js": 'const labels = ["release-blocked"];\n',
    "console/locales/de.po": 'msgid "engagement.denied"\nmsgstr "abgelehnt"\n',
}


@pytest.mark.parametrize("path", sorted(PLANTED))
def test_a_planted_verdict_is_caught_wherever_it_hides(path: str, tmp_path: Path) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(PLANTED[path], encoding="utf-8")
    assert {one.path for one in verdicts(gathered(tmp_path))} == {path}


HARMLESS = {
    "clearing/desk.py": 'def approve(advisory: str) -> str:\n    return "two people approve before it is public"\n',
    "model/handling.py": 'class Label:\n    CLEAR = "TLP:CLEAR"\n',
    "assess/treat.py": '"""No state means approved or denied."""\nBLOCK = 1\nclear = "a clear case"\n',
    "formats/packs/x.json": '{"licence": "MIT", "origin": "a public repository"}',
}


@pytest.mark.parametrize("path", sorted(HARMLESS))
def test_the_same_words_elsewhere_are_left_alone(path: str, tmp_path: Path) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HARMLESS[path], encoding="utf-8")
    assert list(gathered(tmp_path))
    assert verdicts(gathered(tmp_path)) == []


@pytest.mark.parametrize(
    ("sentence", "caught"),
    [
        ("You have a right to early access under the order.", True),
        ("Operators are entitled by this executive order to help.", True),
        ("The order gives no right to anybody under the order.", False),
        ("All rights are listed under roles.", False),
    ],
)
def test_a_planted_claim_of_a_right_is_caught(sentence: str, caught: bool, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<p>{sentence}</p>", encoding="utf-8")
    assert bool(claimed_rights(gathered(tmp_path))) is caught
