"""A stand-in for CVE Services, the outside world: its calls, states, shapes and refusals, in memory or on loopback.

Paths, headers, states and error words are those that `cvelib` 1.8 speaks to and that the service's own source names
(`CVE_RECORD_EXISTS`, `CVE_RECORD_DNE`); containers are held against the CVE Program's schema, as there.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from cvelib.cve_api import CveRecord, CveRecordValidationError

from tests.loopback import serving

ORG, USER, KEY = "example_cna", "robot@cna.example", "7f3c-secret-key-of-the-robot"
ORG_ID = "9f4cb1c8-2d3f-4f6a-8a53-0d9d4f2f9c11"
PAGE = 2
"""Ids on one page of a list: small, so that every list here is paged."""


class Killed(BaseException):
    """The worker's process is gone, as by kill -9: no handler of the product may catch this."""


@dataclass(slots=True)
class Fake:
    """The service. `plan` holds what befalls the next calls, in order; an empty plan answers as it should."""

    ids: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    quota: int = 1000
    plan: list[Any] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    times: int = 0

    @property
    def changes(self) -> list[httpx.Request]:
        """The calls that ask for something to be done."""
        return [one for one in self.seen if one.method != "GET"]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        befalls = self.plan.pop(0) if self.plan and request.method != "GET" else None
        match befalls:
            case None:
                return self.handle(request)
            case "unheard":
                raise httpx.ConnectError("nobody listens")
            case "lost":
                self.handle(request)
                raise httpx.ReadTimeout("no answer")
            case "killed before":
                raise Killed
            case "killed after":
                self.handle(request)
                raise Killed
            case "odd":
                self.handle(request)
                return httpx.Response(200, text="<html>all is well</html>")
            case "crowded":  # somebody else reserves with the same account at that moment
                self.handle(request)
                self.handle(request)
                raise httpx.ReadTimeout("no answer")
            case httpx.Response():
                return befalls
        raise AssertionError(befalls)

    def reserve(self, user: str = USER, year: str = "2026") -> str:
        """An id, reserved by somebody there."""
        number = f"CVE-{year}-{50000 + len(self.ids)}"
        self.times += 1
        self.ids[number] = {
            "cve_id": number,
            "cve_year": year,
            "state": "RESERVED",
            "owning_cna": ORG,
            "requested_by": {"cna": ORG, "user": user},
            "reserved": f"2026-11-25T09:00:{self.times:02}.000Z",
        }
        return number

    def handle(self, request: httpx.Request) -> httpx.Response:
        """As the service answers."""
        if [request.headers.get(f"CVE-API-{name}") for name in ("ORG", "USER", "KEY")] != [ORG, USER, KEY]:
            return said(401, "UNAUTHORIZED", "Unauthorized")
        path, query = request.url.path.removeprefix("/api"), dict(request.url.params)
        if request.method == "GET" and path == f"/org/{ORG}":
            return httpx.Response(200, json={"short_name": ORG, "UUID": ORG_ID})
        if path == "/cve-id":
            return self.listed(query) if request.method == "GET" else self.reserved(query)
        found = re.fullmatch(r"/cve/(CVE-\d{4}-\d{4,})(/cna|/reject)?", path)
        if found is None:
            return said(404, "NOT_FOUND", "no such path")
        cve, part = found.groups()
        if request.method == "GET":
            held = self.records.get(cve)
            return httpx.Response(200, json=held) if held else said(404, "CVE_RECORD_DNE", "does not exist")
        return self.recorded(request, cve, part)

    def listed(self, query: dict[str, str]) -> httpx.Response:
        """One page of the ids."""
        assert set(query) <= {"cve_id_year", "time_reserved.gt", "page"}, query
        rows = [one for one in self.ids.values() if one["cve_year"] == query["cve_id_year"]]
        page = int(query.get("page", 1))
        more = {"nextPage": page + 1} if len(rows) > page * PAGE else {"nextPage": None}
        return httpx.Response(200, json={"cve_ids": rows[(page - 1) * PAGE : page * PAGE], **more})

    def reserved(self, query: dict[str, str]) -> httpx.Response:
        """A reservation."""
        assert query["amount"] == "1", query
        assert query["short_name"] == ORG
        if self.quota < 1:
            return said(403, "EXCEEDED_ID_QUOTA", "The organization's quota is exceeded")
        self.quota -= 1
        number = self.reserve(year=query["cve_year"])
        return httpx.Response(200, json={"cve_ids": [self.ids[number]], "meta": {"remaining_quota": self.quota}})

    def recorded(self, request: httpx.Request, cve: str, part: str) -> httpx.Response:
        """A record that is made, changed or rejected."""
        if cve not in self.ids:
            return said(404, "CVE_RECORD_DNE", "The CVE id does not exist.")
        container = json.loads(request.content)["cnaContainer"]
        schema = CveRecord.Schemas.CNA_REJECTED if part == "/reject" else CveRecord.Schemas.CNA_PUBLISHED
        try:
            CveRecord.validate(container, schema)
        except CveRecordValidationError:
            return said(400, "INVALID_JSON_SCHEMA", "CVE JSON schema validation FAILED.")
        held, is_new = self.records.get(cve), request.method == "POST"
        if is_new and held is not None:
            return said(403, "CVE_RECORD_EXISTS", "The cve record for the cve id already exists.")
        if not is_new and held is None:
            return said(403, "CVE_RECORD_DNE", "The cve record for the cve id does not exist.")
        state = "REJECTED" if part == "/reject" else "PUBLISHED"
        self.ids[cve]["state"] = state
        provider = {**container["providerMetadata"], "dateUpdated": "2026-11-25T10:00:00.000Z"}
        self.records[cve] = {
            "dataType": "CVE_RECORD",
            "dataVersion": "5.1",
            "cveMetadata": {"cveId": cve, "state": state, "assignerOrgId": ORG_ID},
            "containers": {"cna": {**container, "providerMetadata": provider}},
        }
        word = "created" if is_new else "updated"
        return httpx.Response(200, json={"message": f"{cve} record was {word}.", word: self.records[cve]})


def said(status: int, error: str, message: str, **headers: str) -> httpx.Response:
    """A refusal in the service's shape."""
    return httpx.Response(status, json={"error": error, "message": message}, headers=headers)


@dataclass(slots=True)
class Kept:
    """The service with its ids in a file: it does not end with our process."""

    file: Path

    def __call__(self, request: httpx.Request) -> httpx.Response:
        fake = Fake(ids=json.loads(self.file.read_text()) if self.file.exists() else {})
        answer = fake(request)
        self.file.write_text(json.dumps(fake.ids))
        return answer


@contextmanager
def served(fake: Fake) -> Iterator[str]:
    """The service on this machine, over real HTTP. Gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            params = {name: values[0] for name, values in parse_qs(parts.query).items()}
            request = httpx.Request(
                self.command, f"http://here{parts.path}", params=params, headers=dict(self.headers), content=body
            )
            made = fake(request)
            self.send_response(made.status_code)
            self.send_header("Content-Type", made.headers.get("content-type", "application/json"))
            self.send_header("Content-Length", str(len(made.content)))
            self.end_headers()
            self.wfile.write(made.content)

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_PUT(self) -> None:
            self.answer()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    with serving(Handler) as address:
        yield f"{address}/api"
