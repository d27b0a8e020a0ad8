"""Check documents against the JSON Schemas that ship with Comity: no reference leaves the package."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from comity.errors import Problem
from comity.formats import pointers, times
from comity.formats.parse import Json

if TYPE_CHECKING:  # loading it takes up to two seconds where its format checkers are installed: only for a check
    from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
    from jsonschema.exceptions import ValidationError
    from referencing import Registry

FILES: Final = {
    "comity-report": "comity-report-1.schema.json",
    "osv": "osv-1.7.schema.json",
    "cve-5.1": "cve-5.1.schema.json",
    "csaf-2.0": "csaf/2.0/csaf_json_schema.json",
    "csaf-2.1": "csaf/2.1/csaf.json",
    "csaf-extension": "csaf/2.1/extension-metaschema.json",
    "csaf-provider-2.0": "csaf/2.0/provider_json_schema.json",
    "csaf-provider-2.1": "csaf/2.1/provider.json",
}
REFERRED: Final = {
    "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json": "csaf/2.0/csaf_json_schema.json",
    "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/csaf.json": "csaf/2.1/csaf.json",
    "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/extension-content.json": "csaf/2.1/extension-content.json",
    "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/extension-metaschema.json": "csaf/2.1/extension-metaschema.json",
    "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/meta.json": "csaf/2.1/meta.json",
    "https://www.first.org/cvss/cvss-v2.0.json": "csaf/cvss/cvss-v2.0.json",
    "https://www.first.org/cvss/cvss-v3.0.json": "csaf/cvss/cvss-v3.0.json",
    "https://www.first.org/cvss/cvss-v3.1.json": "csaf/cvss/cvss-v3.1.json",
    "https://www.first.org/cvss/cvss-v4.0.json": "csaf/cvss/cvss-v4.0.json",
    "https://www.first.org/cvss/meta.json": "csaf/cvss/meta.json",
    "https://certcc.github.io/SSVC/data/schema/v2/SelectionList_2_0_0.schema.json": (
        "csaf/ssvc/SelectionList_2_0_0.schema.json"
    ),
}
"""Schemas that others refer to by these addresses. They lie here: nothing is ever fetched."""
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"\\^`{|}]+\Z", re.ASCII)


@cache
def load(name: str) -> dict[str, Any]:
    """The shipped schema of this name, parsed."""
    return _read(FILES[name])


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
    if "draft-07" in schema["$schema"]:
        return Draft7Validator(schema)
    if name.startswith("csaf-"):
        return _exact()(schema, registry=_registry(), format_checker=_formats())  # type: ignore[no-any-return]  # extend() names no type
    return Draft202012Validator(schema)


@cache
def _read(file: str) -> dict[str, Any]:
    text = resources.files("comity.formats").joinpath("schemas", *file.split("/")).read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _exact() -> Any:
    """Draft 2020-12, where 5.3 is a multiple of 0.1 as FIRST's schemas mean it: decimals, not binary fractions."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    def multiple_of(validator: Any, step: Any, instance: Any, _schema: Any) -> "Iterator[ValidationError]":
        if validator.is_type(instance, "number") and Decimal(str(instance)) % Decimal(str(step)):
            yield ValidationError(f"is not a multiple of {step}")

    return extend(Draft202012Validator, {"multipleOf": multiple_of})  # type: ignore[no-untyped-call]  # theirs is untyped


@cache
def _registry() -> "Registry[Any]":
    """The shipped schemas under the addresses by which they refer to each other."""
    from referencing import Registry
    from referencing.jsonschema import DRAFT4, DRAFT7, DRAFT202012

    held: Registry[Any] = Registry()
    for address, file in REFERRED.items():
        schema = _read(file)
        draft = next(
            (one for word, one in (("draft-04", DRAFT4), ("draft-07", DRAFT7)) if word in schema["$schema"]),
            DRAFT202012,
        )
        held = held.with_resource(address, draft.create_resource(schema))
    return held.crawl()


@cache
def _formats() -> "FormatChecker":
    """CSAF asserts formats: a time is one of RFC 3339 with its zone, an address has a scheme and no blanks."""
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    checker.checks("date-time")(_is_time)
    checker.checks("uri")(lambda value: not isinstance(value, str) or _URI.match(value) is not None)
    return checker


def _is_time(value: object) -> bool:
    """RFC 3339 has leap seconds, which Python's times have not."""
    if not isinstance(value, str):
        return True
    try:
        times.read(value.replace(":60", ":59"))
    except ValueError:
        return False
    return True


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
