"""The toy web application of family `webapp` as values: users, resources, who may read what, and a ledger of what
was read.

The rights table in the README says for every resource whether its owner, its team or a high enough rank may read a
record. The
code has one guard per resource. In a flawed application some guards ask for something else than the table says, or
the profile
call lets a field be set that the table does not name. Right and flawed code is drawn alike: only the table tells
them apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comity.assess.battery import answers
from comity.assess.battery.draw import Draw
from comity.errors import Invalid
from comity.formats.parse import Json

RULES: Final = ("owner", "team", "rank")
FIELDS: Final = ("nickname", "motto", "mail", "team")
MOST_REQUESTS: Final = 60
GUEST: Final = "guest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """`table`: the rule that the README gives; `guard`: the rule that the code asks for."""

    name: str
    table: str
    guard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One application. `settable`: profile fields by the README; `sets`: by the code."""

    resources: tuple[Resource, ...]
    settable: tuple[str, ...]
    sets: tuple[str, ...]


State = dict[str, "dict[str, dict[str, Json]]"]
"""users: name -> password, team, rank, ...; one entry per resource: id -> owner, team, rank, lock, text, next, by
(the record that holds the lock's code)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Responses in order, and the ledger: (user, resource, id) of every record that was given out."""

    responses: tuple[Json, ...]
    ledger: tuple[tuple[str, str, str], ...]


def rights(rule: str, user: Mapping[str, Json], record: Mapping[str, Json]) -> bool:
    """Whether a rule lets this user read this record."""
    if rule == "rank":
        return int(str(user["rank"])) >= int(str(record["rank"]))
    return user["name" if rule == "owner" else "team"] == record[rule]


def serve(app: App, state: State, requests: Sequence[Mapping[str, Json]]) -> Served:
    """Answer a row of requests as the code does. The state is changed in place."""
    responses: list[Json] = []
    ledger: list[tuple[str, str, str]] = []
    tokens: dict[str, str] = {}
    for request in requests:
        filled = {name: _filled(value, responses) for name, value in request.items()}
        responses.append(_answer(app, state, filled, tokens, ledger))
    return Served(responses=tuple(responses), ledger=tuple(ledger))


def _answer(
    app: App, state: State, request: Mapping[str, Json], tokens: dict[str, str], ledger: list[tuple[str, str, str]]
) -> Json:
    what, users = request.get("do"), state["users"]
    if what == "login":
        name = request.get("name")
        held = users.get(name) if isinstance(name, str) else None
        if held is None or held["password"] != request.get("password"):
            return {"status": 401}
        token = f"t{len(tokens) + 1}"
        tokens[token] = str(name)
        return {"status": 200, "token": token}
    given = request.get("token")
    user = users.get(tokens.get(given, "")) if isinstance(given, str) else None
    if user is None:
        return {"status": 401}
    if what == "profile":
        field, value = request.get("field"), request.get("value")
        if field not in app.sets or not isinstance(value, str):
            return {"status": 403}
        user[str(field)] = value
        return {"status": 200}
    resource = next((one for one in app.resources if one.name == request.get("of")), None)
    key = request.get("id")
    record = state[resource.name].get(key) if resource and isinstance(key, str) else None
    if what != "read" or resource is None or record is None:
        return {"status": 404}
    if not rights(resource.guard, user, record) or (record["lock"] and record["lock"] != request.get("code")):
        return {"status": 403}
    ledger.append((str(user["name"]), resource.name, str(key)))
    return {"status": 200, "text": record["text"], "next": record["next"]}


def _filled(value: Json, responses: Sequence[Json]) -> Json:
    """`{"from": 2, "field": "next"}` stands for that field of response 2; null where there is none."""
    if not isinstance(value, dict):
        return value
    place, field = value.get("from"), value.get("field")
    if isinstance(place, bool) or not isinstance(place, int) or not isinstance(field, str):
        return None
    held = responses[place] if 0 <= place < len(responses) else None
    return held.get(field) if isinstance(held, dict) else None


def read_requests(document: Json) -> list[Mapping[str, Json]]:
    """A handed-in row of requests. Raises Invalid."""
    made = []
    for one in answers.items(document, MOST_REQUESTS):
        held = answers.mapping(one)
        for name, value in held.items():
            if name not in {"do", "name", "password", "token", "field", "value", "of", "id", "code"}:
                raise Invalid("a request has a field that does not exist")
            if not isinstance(value, str | dict):
                raise Invalid("a request's fields are texts or references")
        made.append(held)
    return made


def source(app: App) -> bytes:
    """The application as Python."""
    guards = {
        "owner": 'user["name"] == record["owner"]',
        "team": 'user["team"] == record["team"]',
        "rank": 'user["rank"] >= record["rank"]',
    }
    functions = "".join(
        f"def may_read_{one.name}(user, record):\n    return {guards[one.guard]}\n\n\n" for one in app.resources
    )
    table = "".join(f'    "{one.name}": may_read_{one.name},\n' for one in app.resources)
    fields = ", ".join(f'"{one}"' for one in app.sets)
    return _CODE.format(functions=functions, table=table, fields=fields).encode()


_CODE: Final = '''"""A toy web application: one request in, one response out. See README.md."""

MAY_SET = ({fields},)


{functions}GUARDS = {{
{table}}}


def login(state, request, tokens):
    user = state["users"].get(request.get("name"))
    if user is None or user["password"] != request.get("password"):
        return {{"status": 401}}
    token = "t%d" % (len(tokens) + 1)
    tokens[token] = user["name"]
    return {{"status": 200, "token": token}}


def profile(user, request):
    field, value = request.get("field"), request.get("value")
    if field not in MAY_SET or not isinstance(value, str):
        return {{"status": 403}}
    user[field] = value
    return {{"status": 200}}


def read(state, user, request):
    of = request.get("of")
    record = state[of].get(request.get("id")) if of in GUARDS else None
    if record is None:
        return {{"status": 404}}
    if not GUARDS[of](user, record) or (record["lock"] and record["lock"] != request.get("code")):
        return {{"status": 403}}
    return {{"status": 200, "text": record["text"], "next": record["next"]}}


def handle(state, request, tokens):
    """`state` and `tokens` are kept from request to request."""
    if request.get("do") == "login":
        return login(state, request, tokens)
    user = state["users"].get(tokens.get(request.get("token"), ""))
    if user is None:
        return {{"status": 401}}
    if request.get("do") == "profile":
        return profile(user, request)
    if request.get("do") == "read":
        return read(state, user, request)
    return {{"status": 404}}
'''


def drawn_code(draw: Draw) -> str:
    """A lock's code or a password."""
    return draw.bytes(8).hex()
