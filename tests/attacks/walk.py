"""A whole host, somebody of each role, and a walk over all that it shows and takes: pages by their links, forms as they
stand in the pages, operations out of the API's own description. Nothing here is a list of pages, forms or fields.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from litestar import Litestar

from comity.access.policy import Action, Scope, may
from comity.access.routes import declared
from comity.app import Office
from comity.bench.pages import LINK, Answer, ask
from comity.model.party import Role, Viewer
from tests.attacks.markup import MARK
from tests.attacks.planted import LINK as SCRIPT
from tests.attacks.planted import SHORT, TEXT, Document

EACH = 2
"""Addresses of one kind that are looked at for one role."""
TRIES = 2
"""How often a form is sent by somebody else, after it was refused."""
BOUNDARY = "planted"
WORDS = "Words that are long enough to be a reason."
ROUNDS = 4
"""How often what was refused is mended and sent again."""
LISTED = re.compile(r"<li><code>/([^<]+)</code> (.*?) <span", re.DOTALL)
API = ("/api/", "/v1/", "/taxii2")
SKIPPED = ("/static/", "/sign-out")
KEEPS = {"hidden", "submit", "password", "radio", "checkbox", "number", "date", "file", "button", "reset"}


@dataclass(slots=True)
class Field:
    """One field of a form."""

    name: str
    kind: str
    value: str
    hint: str = ""
    options: list[str] = field(default_factory=list)

    @property
    def is_text(self) -> bool:
        """Somebody can write into it."""
        return self.kind not in KEEPS and self.kind != "select"


@dataclass(slots=True)
class Form:
    """A form as a page holds it."""

    action: str
    method: str
    has_files: bool
    fields: list[Field] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.address, self.found = address, list[Form]()
        self.form: Form | None = None
        self.loose: dict[str, list[Field]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self.address, given.get("action") or self.address)
            self.form = Form(action, given.get("method", "get").lower(), "multipart" in given.get("enctype", ""))
            self.found.append(self.form)
        if self.form is None:
            return
        name = given.get("name", "")
        if tag == "button" and given.get("type", "submit") == "submit":
            self.form.buttons.append((name, given.get("value", "")))
        elif tag == "option" and self.form.fields:
            self.form.fields[-1].options.append(given.get("value", ""))
        elif tag in {"input", "textarea", "select"} and name:
            kind = given.get("type", "text") if tag == "input" else tag
            self.form.fields.append(Field(name, kind, given.get("value", ""), given.get("placeholder", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None


def forms(page: str, address: str) -> list[Form]:
    """The forms of a page."""
    reader = _Forms(address)
    reader.feed(page)
    return reader.found


@dataclass(slots=True)
class Walk:
    """The host and who walks it. `seen` holds the last answer by role and address."""

    office: Office
    app: Litestar
    documents: Sequence[Document]
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)
    actions: dict[str, Action | None] = field(default_factory=dict)
    seen: dict[tuple[str, str], Answer] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    """The best status that each form and operation answered to something planted."""
    tried: dict[tuple[Any, ...], int] = field(default_factory=dict)
    read: set[int] = field(default_factory=set)
    shown: dict[str, Action | None] = field(default_factory=dict)
    patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)

    def people(self) -> None:
        """Somebody of each role with a session and a token, and a second one where two people are needed."""
        for role in (*Role, "second"):
            own = frozenset({Role.COORDINATOR, Role.EDITOR} if role == "second" else {Role(role)})
            name, home = f"p-{role}", "Planted Lab" if role in {Role.SUBMITTER, Role.DEVELOPER} else "Planted Agency"
            made = self.office.accounts.provide(name=name, login=name, organisation=home, roles=own)
            with self.office.store.write() as tx:
                self.cookies[role] = f"comity={self.office.accounts.begin(tx, made).secret}"
            viewer = self.office.accounts.by_session(self.cookies[role].partition("=")[2])
            assert viewer is not None
            self.viewers[role] = viewer.viewer
            token, _ = self.office.accounts.make_token(viewer.viewer, label="t", scopes=frozenset(Scope), days=30)
            self.tokens[role] = token
        self.cookies[""] = "comity_visit=planted"
        for method, path, action in declared(self.app):
            self.patterns[path] = re.compile(re.sub(r"\{(\w+):\w+\}", r"(?P<\1>[^/]+)", path) + r"\Z")
            if method == "GET":
                self.shown[path] = action
            elif method == "POST":
                self.actions[re.sub(r":\w+\}", "}", path)] = action

    def kind(self, address: str) -> str:
        """Which route an address is of; what stands in the places of its parameters is kept in `ids`."""
        here = urlsplit(address).path
        if here in self.patterns:
            return here
        for path, pattern in self.patterns.items():
            if held := pattern.match(here):
                for name, value in held.groupdict().items():
                    if value not in self.ids.setdefault(name, []):
                        self.ids[name].append(value)
                return path
        return ""

    async def crawl(self, role: str, first: Sequence[str] = ("/",), *, each: int = EACH) -> None:
        """Every page that links lead to, `each` of a kind."""
        waiting, known, taken = list(first), set(first), dict[tuple[str, ...], int]()
        while waiting:
            address = waiting.pop(0)
            path = self.kind(address)
            kind = (path, *sorted(name for name, _ in parse_qsl(urlsplit(address).query)))
            if not path or path.endswith("/pulse") or address.startswith(SKIPPED) or taken.get(kind, 0) >= each:
                continue
            taken[kind] = taken.get(kind, 0) + 1
            answer = await ask(self.app, address, self.cookies[role])
            self.seen[role, address] = answer
            if not answer.kind.startswith("text/html"):
                continue
            for link in LINK.findall(answer.body.decode()):
                there = urljoin(address, unescape(link))
                if there.startswith("/") and there not in known:
                    known.add(there)
                    waiting.append(there)

    async def fill(self, role: str) -> int:
        """Send every form that this role was shown and that was not sent before, planted. Gives how many."""
        count = 0
        for (who, address), answer in list(self.seen.items()):
            if (
                who != role
                or id(answer) in self.read
                or answer.status != 200
                or not answer.kind.startswith("text/html")
            ):
                continue
            self.read.add(id(answer))
            for form in forms(answer.body.decode(), address):
                texts = [one for one in form.fields if one.is_text or one.kind == "file"]
                for button in form.buttons or [("", "")]:
                    key = (self.kind(form.action), button, *(one.name for one in form.fields))
                    if texts and self.tried.get(key, 0) < TRIES:
                        self.tried[key] = TRIES if await self._fill(role, form, button) else self.tried.get(key, 0) + 1
                        count += 1
        return count

    async def _fill(self, role: str, form: Form, button: tuple[str, str]) -> bool:
        """Send a form planted in every text; where that is refused, mended as the refusal says. True once taken."""
        taken = False
        names = [one.name for one in form.fields if one.is_text]
        for text in (TEXT, SHORT):
            given = {name: _fitting(one, text) for name, one in zip(names, _texts(form), strict=True)}
            for _ in range(ROUNDS):
                answer = await self._send(role, form, button, given)
                taken = answer.status < 400
                wishes = {} if taken else _wishes(answer)
                if not {name for name in wishes if name in given and self._mend(given, name, wishes[name])}:
                    break
            if taken:
                break
        for document in self.documents if form.has_files else ():
            answer = await self._send(role, form, button, {}, document)
            taken = taken or answer.status < 400
        return taken

    def _mend(self, given: dict[Any, Any], name: Any, wish: str) -> bool:
        """Put what a refusal asks for; False when it has been put already."""
        before = given[name]
        options = (self.ids.get(str(name), [])[-1:], asked_for(wish), [SHORT], [MARK], [WORDS])
        choices = [text for some in options for text in some]
        at = choices.index(before) + 1 if before in choices else 0
        given[name] = choices[min(at, len(choices) - 1)]
        return bool(given[name] != before)

    async def _send(
        self, role: str, form: Form, button: tuple[str, str], given: Mapping[str, str], file: Document | None = None
    ) -> Answer:
        pairs = [button] if button[0] else []
        for one in form.fields:
            if one.is_text:
                pairs.append((one.name, given.get(one.name, _plain(one))))
            elif one.kind == "select":
                pairs.append((one.name, next((text for text in reversed(one.options) if text), "")))
            elif one.kind == "date":
                pairs.append((one.name, f"{(self.office.now() + timedelta(days=9)).date()}"))
            elif one.kind == "number":
                pairs.append((one.name, one.value or "1"))
            elif one.kind == "password":
                pairs.append((one.name, "correct horse battery"))
            elif one.name != "dry_run" and (one.kind == "hidden" or _chosen(one, pairs)):
                pairs.append((one.name, one.value))
        if form.method == "get":
            address = f"{urlsplit(form.action).path}?{urlencode(pairs)}"
            await self.crawl(role, [address])
            return self.seen[role, address]
        kind, body = "application/x-www-form-urlencoded", urlencode(pairs).encode()
        if form.has_files:
            files = [] if file is None else [(one.name, file) for one in form.fields if one.kind == "file"]
            kind, body = f"multipart/form-data; boundary={BOUNDARY}", _multipart(pairs, files)
        return await self.post(role, form.action, body, kind)

    async def post(self, role: str, address: str, body: bytes, kind: str) -> Answer:
        """Send, and keep what was answered."""
        by_token = address.startswith(API)
        headers = [(b"content-type", kind.encode())]
        if by_token:
            headers.append((b"authorization", f"Bearer {self.tokens[role]}".encode()))
        cookie = "" if by_token else self.cookies[role]
        answer = await ask(self.app, address, cookie, method="POST", headers=headers, body=body)
        assert answer.status != 500, f"{address} fails with {answer.status}: {body[:300]!r}"
        self.seen[role, f"POST {address} {len(body)}"] = answer
        path = self.kind(address) or urlsplit(address).path
        self.sent[path] = min(self.sent.get(path, 999), answer.status)
        return answer

    async def operate(self, document: Mapping[str, Any]) -> None:
        """Every operation of the API that takes something, with what is planted in each of its texts, by who may."""
        for path, operations in document["paths"].items():
            operation = operations.get("post")
            content = (operation or {}).get("requestBody", {}).get("content", {})
            action = self.actions.get(path)
            role = next((one for one, who in self.viewers.items() if action and may(who, action)), "")
            for address in self.filled(path) if content and role else ():
                schema = content.get("application/json", {}).get("schema", {})
                if "$ref" not in schema:
                    for one in self.documents:
                        await self.post(role, address, one.data, one.media_type)
                    continue
                for text in (TEXT, SHORT, SCRIPT):
                    body = made(schema, document["components"]["schemas"], text, self.ids)
                    if await self._operate(role, address, body):
                        break

    async def _operate(self, role: str, address: str, body: Any) -> bool:
        for _ in range(ROUNDS):
            answer = await self.post(role, address, json.dumps(body).encode(), "application/json")
            if answer.status < 400:
                return True
            changed = False
            for pointer, wish in _wishes(answer).items():
                node, last = body, [int(one) if one.isdigit() else one for one in re.findall(r"[^/\[\]]+", pointer)]
                try:
                    for one in last[:-1]:
                        node = node[one]
                    changed = self._mend(node, last[-1], wish) or changed
                except (LookupError, TypeError):
                    continue
            if not changed:
                return False
        return False

    def filled(self, path: str) -> Iterator[str]:
        """Addresses of a route, with ids that were met on the way."""
        names = re.findall(r"\{(\w+)(?::\w+)?\}", path)
        held = [self.ids.get(name, [])[-2:] for name in names]
        if all(held):
            for at in range(max((len(one) for one in held), default=1)):
                values = {name: one[min(at, len(one) - 1)] for name, one in zip(names, held, strict=True)}
                yield re.sub(r"\{(\w+)(?::\w+)?\}", lambda m, v=values: quote(v[m.group(1)], safe="%"), path)

    async def fetch(self) -> None:
        """Addresses that no link need lead to: the API's answers, and files. Each once, by somebody who may."""
        for path, action in self.shown.items():
            role = next((one for one, who in self.viewers.items() if action and may(who, action)), "")
            for address in self.filled(path) if not path.endswith("/pulse") else ():
                by_token = address.startswith(API)
                headers = [(b"authorization", f"Bearer {self.tokens[role]}".encode())] if role and by_token else []
                cookie = "" if by_token else self.cookies[role]
                self.seen[role, address] = await ask(self.app, address, cookie, headers=headers)


def _texts(form: Form) -> list[Field]:
    return [one for one in form.fields if one.is_text]


def _chosen(one: Field, pairs: Sequence[tuple[str, str]]) -> bool:
    """The first of its boxes."""
    return one.kind in {"radio", "checkbox"} and one.name not in dict(pairs)


def _fitting(one: Field, planted: str) -> str:
    if one.kind == "email":
        return f'"{SHORT}"@example.org'
    return SCRIPT if one.kind == "url" and planted is TEXT else planted


def _wishes(answer: Answer) -> dict[str, str]:
    """What a refusal says, by the field: errors here name what to do."""
    if answer.kind.startswith("text/html"):
        return {name: unescape(wish) for name, wish in LISTED.findall(answer.body.decode())}
    told = json.loads(answer.body) if "json" in answer.kind else {}
    return {
        one.get("pointer", one.get("field", "")): one.get("reason", "")
        for one in told.get("problems", told.get("errors", ()))
    }


def asked_for(wish: str) -> list[str]:
    """The values that a refusal names: one of several, or an example."""
    if listed := re.search(r"(?:one|each is one|any) of:? (.+)", wish):
        return [one.strip() for one in re.split(r", | or |; ", listed.group(1))][:1]
    if shown := re.search(r"(?:such as|looks? like|\blike|as) [\u201c\"]?([^\s,;\u201d\")]*[^\s,;\u201d\").])", wish):
        return [shown.group(1)]
    return ["CWE-79"] if "CWE" in wish else ["a" * 64] if "hex" in wish else []


def _plain(one: Field) -> str:
    return one.value or one.hint or (WORDS if one.kind == "textarea" else "words")


def _multipart(pairs: Sequence[tuple[str, str]], files: Sequence[tuple[str, Document]]) -> bytes:
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in pairs]
    for name, file in files:
        shown = SHORT.replace('"', "%22") + file.name
        head = f'Content-Disposition: form-data; name="{name}"; filename="{shown}"\r\nContent-Type: {file.media_type}'
        parts.append(head.encode() + b"\r\n\r\n" + file.data)
    line = f"--{BOUNDARY}\r\n".encode()
    return b"".join(line + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def made(schema: Mapping[str, Any], all_: Mapping[str, Any], text: str, ids: Mapping[str, list[str]]) -> Any:
    """A value of a schema whose free texts are `text`; one that names an id that was met is that id."""
    if "$ref" in schema:
        return made(all_[schema["$ref"].rpartition("/")[2]], all_, text, ids)
    for either in ("oneOf", "anyOf", "allOf"):
        if either in schema:
            return made(next(one for one in schema[either] if one.get("type") != "null"), all_, text, ids)
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object":
        return {
            name: ids[name][-1] if ids.get(name) and one.get("type") == "string" else made(one, all_, text, ids)
            for name, one in schema.get("properties", {}).items()
        }
    if kind == "array":
        return [made(schema.get("items", {}), all_, text, ids)]
    if kind in {"integer", "number"}:
        return schema.get("minimum", schema.get("default", 1)) or 1
    if kind == "boolean":
        return True
    dated = {"date": "2026-12-20", "date-time": "2026-12-20T12:00:00Z", "duration": "P7D"}
    return dated.get(schema.get("format", ""), text[: schema.get("maxLength", len(text))])
