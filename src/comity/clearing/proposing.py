"""Decide what a model that proposes a patch may be shown of a case, how it is asked, and what an answer looks like.

Pure. Groups that may go out are a policy parameter; what is derived from a report's own text or proof goes out only up
to a TLP label, another one. Test suites, expected answers, variants and the seed never do: a model that saw them could
write to them. An answer is only checked for form here; the ladder alone says what it is worth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from comity.clearing import reach
from comity.errors import Invalid, Problem
from comity.formats import ladder_kit, udiff
from comity.formats.recipe_values import thawed
from comity.model.handling import Tlp
from comity.model.patch import Kit, Patch
from comity.model.recipe import Creates, Exits, Grows, Raises, Reads, Recipe, Reports, Stalls, Steps

GROUPS: Final = {
    "source": "source files of the target, as released",
    "effect": "what the oracle sees, and where, in Comity's words",
    "proof": "the recipe's calls",
    "summary": "the report's own one-line summary",
}
OF_THE_REPORT: Final = frozenset({"proof", "summary"})
"""Groups that repeat a report's own content."""
SOURCE_LIMIT_BYTES: Final = 40_000
ANSWER_LIMIT: Final = 60_000

INSTRUCTIONS: Final = (
    "You propose a change of source code that removes the root cause of one weakness. Give a unified diff with three "
    "lines of context, paths as given, and nothing else in it. Change as little as you can. Keep every documented "
    "behaviour. Do not touch tests, harnesses or build files; do not add files unless you must. Do not special-case "
    "one input, end the process, catch the failure itself, or switch any check off: that is found out, and the patch "
    "is set aside. Explain the root cause in one sentence. Whatever you propose is checked by machines, and a person "
    "decides."
)
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["diff", "root_cause", "test"],
    "properties": {
        "diff": {"type": "string", "maxLength": ANSWER_LIMIT},
        "root_cause": {"type": "string", "maxLength": 600},
        "test": {
            "type": "string",
            "maxLength": 8_000,
            "description": "a regression test in the form comity-test/1 (TOML), or an empty string",
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What may go out for one case, and what may not, with the reason for each."""

    fields: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...]


def shown(wanted: str, label: str, *, tlp: Tlp, source_is_public: bool) -> Shown:
    """By the policy `wanted` (groups between commas) and `label` (the strictest for a report's own content).

    Invalid for a group that there is none of.
    """
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        reason = f"one of {', '.join(GROUPS)}"
        raise Invalid("the policy names something else", [Problem("/COMITY_PATCH_FIELDS", "unknown_group", reason)])
    limit = Tlp[label.replace("+", "_")]
    fields, withheld = [], []
    for name in GROUPS:
        if name not in names:
            withheld.append((name, "not in the policy"))
        elif name in OF_THE_REPORT and tlp > limit:
            withheld.append((name, f"the case is {tlp.label}; a report's own content goes out up to {limit.label}"))
        elif name == "source" and not source_is_public:
            withheld.append((name, "the archive came with the report: it is not known to be released"))
        else:
            fields.append(name)
    return Shown(fields=tuple(fields), withheld=tuple(withheld))


def data_of(
    allowed: Shown, *, recipe: Recipe, kit: Kit | None, files: Mapping[str, bytes], summary: str
) -> dict[str, Any]:
    """The data of the question: the allowed groups and nothing more."""
    data: dict[str, Any] = {"target": recipe.vulnerable.purl}
    if "source" in allowed.fields:
        data["files"] = sources(recipe, kit, files)
    if "effect" in allowed.fields:
        data["effect"] = effect(recipe)
    if "proof" in allowed.fields and isinstance(recipe.run, Steps):
        data["calls"] = [{"call": step.call, "args": thawed(step.args)} for step in recipe.run.steps]
    if "summary" in allowed.fields:
        data["summary"] = summary
    return data


def effect(recipe: Recipe) -> str:
    """What the oracle sees, in words fixed here."""
    match recipe.oracle:
        case Reports(error=error, function=function):
            return f"AddressSanitizer stops the program: {error} in the function {function}"
        case Raises(kind=kind, module=module):
            return f"{kind} leaves the module {module} on input that is not documented to raise it"
        case Stalls(after=after):
            return f"a call does not return within {after.total_seconds():g} seconds on short input"
        case Grows(exponent=exponent):
            return f"CPU time of a call grows at least as its input to the power of {exponent:g}"
        case Creates():
            return "a call makes a file outside of the folder that it was given"
        case Reads():
            return "a call gives back the content of a file outside of the folder that it was given"
        case Exits(code=code):
            return f"the program ends with status {code}"


def sources(recipe: Recipe, kit: Kit | None, files: Mapping[str, bytes]) -> dict[str, str]:
    """The files that a patch of this proof is likely about: those it builds, or the modules that it enters."""
    wanted = [source for step in recipe.build for source in step.sources]
    modules = [step.call for step in recipe.run.steps] if isinstance(recipe.run, Steps) else []
    if isinstance(recipe.oracle, Raises):
        modules.append(recipe.oracle.module)
    for name in modules:
        parts = name.split(".")
        wanted += [f"{'/'.join(parts[:count])}.py" for count in range(1, len(parts) + 1)]
    chosen: dict[str, str] = {}
    room = SOURCE_LIMIT_BYTES
    for path in dict.fromkeys(wanted):
        data = files.get(path)
        if data is None or reach.touching(path, is_new=False, files=files, recipe=recipe, kit=kit):
            continue
        if len(data) <= room:
            chosen[path] = data.decode("utf-8", "replace")
            room -= len(data)
    return chosen


def check(value: Any) -> tuple[Problem, ...]:
    """What is wrong with an answer's form: a diff that cannot be read, a test that breaks its contract."""
    try:
        udiff.read(diff_of(value))
        if test_of(value):
            ladder_kit.read_test(test_of(value))
    except Invalid as error:
        return error.problems or (Problem("/diff", "not_read", str(error)),)
    return ()


def diff_of(value: Mapping[str, Any]) -> bytes:
    """The diff in an answer; a missing last line feed is not held against it."""
    text = str(value["diff"])
    return (text if text.endswith("\n") else f"{text}\n").encode()


def test_of(value: Mapping[str, Any]) -> bytes:
    """The author's own test in an answer; b"" when it gave none."""
    return str(value.get("test", "")).strip().encode()


def own_ai(found: Iterable[Patch], sent: str) -> str:
    """What models did at this host in a case, in one sentence. `sent` is the id of the patch that goes along, or "".

    The ladder is the only place of the clearinghouse that asks a model; nothing else is worded or judged by one.
    """
    asked = [one for one in found if one.asking is not None and one.asking.asked is not None]
    if not asked:
        return "none in reproducing this report or in writing this letter, and no model was asked for a patch"
    names = ", ".join(sorted({one.asking.model for one in asked if one.asking is not None}))
    one = next((one for one in asked if one.id == sent), None)
    if one is not None:
        what = "wrote the patch that goes along; what was checked of it is said below"
    elif any(one.diff is not None for one in asked):
        what = "proposed a patch, which does not go along"
    else:
        what = "was asked for a patch and gave none"
    return f"{names} {what}. None in reproducing this report or in writing this letter"
