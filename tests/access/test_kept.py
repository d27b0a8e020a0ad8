"""Answers kept for everybody: only public ones, and never one that a commit has made old."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from comity.access.kept import ALL, Kept
from comity.access.policy import Action
from comity.access.routes import ACTION


@dataclass
class Inner:
    """An application of one route that counts how often it was asked."""

    action: Action | None = Action.READ_PUBLISHED
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"text/plain"),)
    body: bytes = b"said"
    asked: int = 0

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        self.asked += 1
        scope["route_handler"] = type("Handler", (), {"opt": {ACTION: self.action}})()
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        half = len(self.body) // 2
        await send({"type": "http.response.body", "body": self.body[:half], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[half:], "more_body": False})


@dataclass
class Place:
    """The application behind `Kept`, with a version and a clock that the test moves."""

    inner: Inner = field(default_factory=Inner)
    version: int | None = 1
    now: float = 0.0

    def __post_init__(self) -> None:
        self.kept = Kept(self.inner, lambda: self.version, lambda: self.now)

    def get(self, path: str = "/advisories", headers: Mapping[str, str] | None = None, method: str = "GET") -> str:
        async def ask() -> str:
            transport = httpx.ASGITransport(app=self.kept)  # type: ignore[arg-type]  # httpx has its own name for it
            async with httpx.AsyncClient(transport=transport, base_url="http://here.example") as client:
                return (await client.request(method, path, headers=dict(headers or {}))).text

        return asyncio.run(ask())


def test_the_same_question_is_answered_once_while_nothing_changes() -> None:
    place = Place()
    assert {place.get() for _ in range(3)} == {"said"}
    assert place.inner.asked == 1


def test_after_any_commit_the_application_is_asked_again() -> None:
    place = Place()
    place.get()
    place.inner.body, place.version = b"withdrawn", 2
    assert place.get() == "withdrawn"


def test_an_answer_that_was_made_while_a_commit_came_is_not_given_again() -> None:
    place = Place()

    async def committing(scope: Any, receive: Any, send: Any) -> None:
        await place.inner(scope, receive, send)
        place.version = 2

    place.kept = Kept(committing, lambda: place.version, lambda: place.now)
    place.get()
    place.inner.body = b"newer"
    assert place.get() == "newer"


def test_after_a_minute_the_application_is_asked_again() -> None:
    place = Place()
    place.get()
    place.now = 59.9
    place.get()
    assert place.inner.asked == 1
    place.now = 60.0
    place.get()
    assert place.inner.asked == 2


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer x"}, {"Cookie": "comity=x"}, {"Proxy-Authorization": "Basic x"}],
    ids=lambda found: next(iter(found)),
)
def test_whoever_says_who_they_are_goes_past(headers: dict[str, str]) -> None:
    place = Place()
    place.get()
    for _ in range(2):
        place.get(headers=headers)
    assert place.inner.asked == 3


@pytest.mark.parametrize(
    "headers", [{"Accept": "application/json"}, {"X-Anything": "1"}, {"Range": "bytes=0-1"}], ids=str
)
def test_another_header_is_another_question(headers: dict[str, str]) -> None:
    place = Place()
    place.get()
    place.get(headers=headers)
    assert place.inner.asked == 2


def test_a_header_of_no_consequence_is_no_other_question() -> None:
    place = Place()
    place.get()
    place.get(headers={"User-Agent": "another", "X-Forwarded-For": "192.0.2.1"})
    assert place.inner.asked == 1


@pytest.mark.parametrize("change", ["/advisories/2", "/advisories?after=1"])
def test_another_address_is_another_question(change: str) -> None:
    place = Place()
    place.get()
    place.get(change)
    assert place.inner.asked == 2


@pytest.mark.parametrize(
    "inner",
    [
        Inner(action=Action.READ_CASES),
        Inner(action=Action.SIGN_IN),
        Inner(action=None),
        Inner(status=404),
        Inner(headers=((b"Set-Cookie", b"comity_visit=x"),)),
        Inner(body=b"x" * (512 * 1024 + 1)),
    ],
    ids=["of no public action", "of signing in", "of no action", "no 200", "with a cookie", "too long"],
)
def test_what_is_not_the_same_for_everybody_is_not_kept(inner: Inner) -> None:
    place = Place(inner=inner)
    place.get()
    place.get()
    assert inner.asked == 2


def test_only_get_is_answered_from_what_is_kept() -> None:
    place = Place()
    place.get()
    place.get(method="POST")
    assert place.inner.asked == 2


def test_nothing_is_kept_where_commits_are_not_told() -> None:
    place = Place(version=None)
    place.get()
    place.get()
    assert place.inner.asked == 2


def test_what_is_kept_has_a_bound_and_the_longest_unasked_goes_first() -> None:
    place = Place(inner=Inner(body=b"x" * (500 * 1024)))
    number = ALL // (500 * 1024) + 1
    for which in range(number):
        place.get(f"/advisories/{which}")
    place.get("/advisories/0")
    assert place.inner.asked == number + 1
    place.get(f"/advisories/{number - 1}")
    assert place.inner.asked == number + 1


@pytest.mark.parametrize("long", ["path", "query", "header"])
def test_a_long_question_counts_against_the_bound_as_a_long_answer_does(long: str) -> None:
    place, filler = Place(), "x" * 60_000
    number = ALL // 60_000 + 1
    for which in range(number):
        path = f"/advisories/{which}"
        path += filler if long == "path" else f"?q={filler}" if long == "query" else ""
        place.get(path, {"X-Anything": filler} if long == "header" else {})
    assert 0 < len(place.kept._answers) < number
    assert place.kept._size <= ALL
