"""Speak to CVE Services: what a request would be, and the answer to one that two people agreed to.

`cvelib` says which call each deed is and holds every container against the CVE Program's own schema; it never opens a
connection here. Its calls end in the one guarded connector of this room (no redirect, no proxy of the environment, an
answer of bounded size), because a redirect followed with the account's headers would give its key away. What goes out
is byte for byte what was shown: the request is composed once and the same bytes are sent.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from comity.errors import Conflict, Forbidden, Invalid, Problem, Unavailable
from comity.formats import pointers
from comity.model.cve_services import CREDENTIALS, CVE_ID, Account, Answer, Deed, Listed, Wire, one_line
from comity.partners import guard

TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
ANSWER_LIMIT_BYTES: Final = 16 * 1024 * 1024
PAGES: Final = 200
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z", re.ASCII)
WHOSE: Final = "CVE Services"


@dataclass(frozen=True, slots=True, kw_only=True)
class CveServices:
    """CVE Services are called over https. `loopback`: this machine too, over plain http, for tests."""

    loopback: bool = False
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    """For tests: an application in this process."""

    def address(self, environment: str) -> str:
        """The address of an environment (`prod`, `test`). Invalid for any other, but one of this machine if that is on.

        The addresses are `cvelib`'s own.
        """
        known: Mapping[str, str] = _library().CveApi.ENVS
        found = guard.parts(environment)
        if environment in ("prod", "test"):
            return known[environment]
        if self.loopback and found.scheme == "http" and guard.is_here(found.hostname or "") and not found.query:
            return f"{found.geturl()}/"
        raise Invalid("no such environment", [Problem("/environment", "unknown_environment", "prod or test")])

    def schema(self) -> str:
        """Which schema of CNA containers `cvelib` holds requests against, by its file's name."""
        return Path(str(_library().CveRecord.Schemas.CNA_PUBLISHED)).stem

    def organisation(self, account: Account) -> str:
        """The organisation's UUID: the call that shows that an account is one. Forbidden when it is none."""
        held = self._asked(account, lambda api: api.show_org())
        found = held.get("UUID")
        if not isinstance(found, str) or not UUID.match(found):
            raise Unavailable("CVE Services did not answer as it should: try again later")
        return found

    def wire(
        self, account: Account, deed: Deed, *, cve: str, year: int, container: Mapping[str, Any], stands: bool
    ) -> Wire:
        """What would be sent, without sending it. Invalid when the CVE Program's schema refuses the container.

        `stands`: a record of this id is there already, so a rejection replaces it instead of making one.
        """
        from cvelib.cve_api import CveRecordValidationError

        kept: list[Wire] = []

        def keep(method: str, path: str, **more: Any) -> Any:
            kept.append(_composed(account, method, path, more))
            return _Said({})

        api = _api(account, keep)
        document = json.loads(json.dumps(container))
        try:
            match deed:
                case Deed.RESERVE:
                    api.reserve(1, False, str(year))
                case Deed.PUBLISH:
                    api.publish(cve, document)
                case Deed.UPDATE:
                    api.update_published(cve, document)
                case Deed.REJECT:
                    (api.update_rejected if stands else api.reject)(cve, document)
        except CveRecordValidationError as error:
            raise Invalid("the CVE Program's schema refuses this", tuple(_problems(error.errors or ()))) from error
        (wire,) = kept
        return wire

    def send(self, account: Account, wire: Wire) -> Answer:
        """Send it as it stands. Unavailable when nothing answers, and nobody knows whether it was heard."""
        if not wire.address.startswith(account.address):
            raise Conflict("this request was composed for another environment: propose it anew")
        return self._called(account, wire)

    def reserved(self, account: Account, *, year: int, since: datetime) -> tuple[Listed, ...]:
        """Ids of this organisation and year that were reserved after `since`, whatever became of them."""

        def listed(api: Any) -> list[Any]:
            found: list[Any] = []
            for one in api.list_cves(year=str(year), reserved_gt=since):
                found.append(one)
                if len(found) > PAGES * 500:
                    raise Unavailable("the list of reserved ids has no end")
            return found

        rows = self._asked(account, listed)
        made = [_listed(one) for one in rows]
        if None in made:
            raise Unavailable("CVE Services did not list its ids as it should: try again later")
        return tuple(one for one in made if one is not None)

    def record(self, account: Account, cve: str) -> Mapping[str, Any]:
        """The record of an id as it stands there; {} when there is none."""
        try:
            held = self._asked(account, lambda api: api.show_cve_record(cve))
        except _Refused as refused:
            if refused.answer.status == 404:
                return {}
            raise
        return held if isinstance(held, dict) else {}

    def _asked(self, account: Account, call: Callable[[Any], Any]) -> Any:
        def ask(method: str, path: str, **more: Any) -> Any:
            answer = self._called(account, _composed(account, method, path, more))
            if answer.is_passing:
                raise Unavailable(answer.reason())
            if answer.status != 200:
                raise _Refused(answer)
            return _Said(answer.body)

        try:
            return call(_api(account, ask))
        except (KeyError, TypeError, AttributeError) as error:
            raise Unavailable("CVE Services did not answer as it should: try again later") from error

    def _called(self, account: Account, wire: Wire) -> Answer:
        found = urlsplit(str(httpx.URL(wire.address, params=list(wire.query) or None)))
        target = found.netloc
        if self.transport is None:
            target = guard.looked_up(found, loopback=self.loopback, whose=WHOSE)
        headers = {name: str(getattr(account, its)) for name, its in CREDENTIALS.items()}
        headers |= {"Accept": "application/json", "User-Agent": "comity/1"}
        if wire.body:
            headers["Content-Type"] = "application/json"
        with guard.calling(
            wire.method,
            found,
            target,
            headers=headers,
            content=wire.body,
            timeout=TIMEOUT,
            transport=self.transport,
            unreachable="CVE Services cannot be reached",
        ) as answer:
            endless = Unavailable("the answer of CVE Services has no end")
            held = answer.read(ANSWER_LIMIT_BYTES, whose=WHOSE, too_much=endless)
            after = answer.response.headers.get("retry-after", "")
            return Answer(
                status=answer.status,
                body=_document(held),
                retry_after=int(after) if after.isascii() and after.isdigit() and len(after) < 7 else 0,
            )


class _Refused(Forbidden):
    """A question that was answered with something else than 200."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.reason())
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Said:
    """What `cvelib` gets in place of a response: its body, and that all is well."""

    held: Mapping[str, Any]

    def json(self) -> Mapping[str, Any]:
        """The body."""
        return self.held

    def raise_for_status(self) -> None:
        """The status was looked at before."""


def _library() -> Any:
    try:
        from cvelib import cve_api
    except ModuleNotFoundError as error:
        raise Unavailable("CVE Services need the extra comity[server]: install it") from error
    return cve_api


def _api(account: Account, ask: Callable[..., Any]) -> Any:
    """`cvelib`'s interface, all of whose calls go through `ask`: it knows who asks, and never the key."""
    api = _library().CveApi(username=account.user, org=account.org, api_key="", url=account.address)
    api._http_request = ask
    return api


def _composed(account: Account, method: str, path: str, more: Mapping[str, Any]) -> Wire:
    """The request of one of `cvelib`'s calls. JSON is written in one way, so that equal contents are equal bytes."""
    params: Mapping[str, Any] = more.get("params") or {}
    body = (
        b"" if "json" not in more else json.dumps(more["json"], ensure_ascii=False, indent=1, sort_keys=True).encode()
    )
    query = tuple((str(name), str(value)) for name, value in params.items() if value is not None)
    return Wire(method=method.upper(), address=f"{account.address}{path}", query=query, body=body)


def _problems(errors: Iterable[Any]) -> Iterable[Problem]:
    for one in errors:
        yield Problem(
            pointers.from_path(one.absolute_path), "schema", f"the CVE record format asks here for {one.validator}"
        )


def _listed(one: Any) -> Listed | None:
    if not isinstance(one, dict) or not isinstance(one.get("cve_id"), str) or not CVE_ID.match(one["cve_id"]):
        return None
    asked = one.get("requested_by")
    return Listed(cve=one["cve_id"], user=one_line(asked.get("user")) if isinstance(asked, dict) else "")


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}
