"""Check documents against the JSON Schemas that ship with Comity: no reference leaves the package."""

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from comity.errors import Problem
from comity.formats import pointers
from comity.formats.parse import Json

if TYPE_CHECKING:  # loading it takes up to two seconds where its format checkers are installed: only for a check
    from jsonschema import Draft7Validator, Draft202012Validator
    from jsonschema.exceptions import ValidationError

FILES: Final = {
    "comity-report": "comity-report-1.schema.json",
    "osv": "osv-1.7.schema.json",
    "cve-5.1": "cve-5.1.schema.json",
}


@cache
def load(name: str) -> dict[str, Any]:
    """The shipped schema of this name, parsed."""
    text = resources.files("comity.formats").joinpath("schemas", FILES[name]).read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check(document: Json, name: str, branch: int | None = None) -> tuple[Problem, ...]:
    """Every violation, at its pointer. `branch` picks one of a schema's top-level alternatives, for plainer reasons."""
    found = {_problem(leaf) for error in _validator(name, branch).iter_errors(document) for leaf in _leaves(error)}
    return tuple(sorted(found, key=lambda problem: (pointers.order(problem.pointer), problem.code, problem.reason)))


@cache
def _validator(name: str, branch: int | None) -> "Draft7Validator | Draft202012Validator":
    from jsonschema import Draft7Validator, Draft202012Validator

    schema = load(name)
    if branch is not None:
        schema = {**{key: value for key, value in schema.items() if key != "oneOf"}, **schema["oneOf"][branch]}
    return Draft7Validator(schema) if "draft-07" in schema["$schema"] else Draft202012Validator(schema)


def _leaves(error: "ValidationError") -> "Iterator[ValidationError]":
    """An alternative that failed says little; the failure deepest inside it says most."""
    if not error.context:
        yield error
        return
    yield from _leaves(max(error.context, key=lambda inner: len(inner.absolute_path)))


def _problem(error: "ValidationError") -> Problem:
    rule = str(error.validator)
    asked = error.validator_value
    match rule, asked:
        case "required", list():
            missing = [name for name in asked if not isinstance(error.instance, dict) or name not in error.instance]
            reason = f"must have: {', '.join(missing)}"
        case "enum", list() if len(asked) <= 40:
            reason = f"must be one of: {', '.join(str(word) for word in asked)}"
        case "type", _:
            reason = f"must be of type: {', '.join(asked) if isinstance(asked, list) else asked}"
        case "additionalProperties" | "unevaluatedProperties", _:
            reason = "holds a field that the schema does not know"
        case "pattern", _:
            reason = "does not fit the pattern that the schema asks for"
        case _, int() | str():
            reason = f"breaks the schema's rule {rule}: {asked}"
        case _:
            reason = f"breaks the schema's rule {rule}"
    return Problem(pointers.shown(pointers.from_path(error.absolute_path)), f"schema_{rule}", reason)
