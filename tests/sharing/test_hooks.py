"""Webhooks and digests: signed, at least once, later and later, then a dead letter; only what one may see."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from comity.bench import sample
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.library.hooks import Courier, Hooks, State
from comity.model.handling import Tlp
from comity.model.hook import WAITS
from comity.model.party import Role, Viewer
from comity.partners.webhook import Sender, is_genuine
from comity.settings import Settings
from comity.store import letters, published
from tests.admin.hosts import Clock, accounts, first_admin, somebody, viewer

URL = "https://receiver.example/hook"


@dataclass(slots=True)
class Receiver:
    """The subscriber's side: keeps what came and answers as it is told."""

    status: int = 200
    fails: bool = False
    seen: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if self.fails:
            raise httpx.ConnectError("nobody listens")
        return httpx.Response(self.status)


@dataclass(slots=True)
class Here:
    hooks: Hooks
    receiver: Receiver
    clock: Clock
    person: Callable[..., Viewer]

    def publish(self, number: int = 1, *, tlp: Tlp = Tlp.CLEAR) -> Any:
        one = sample.advisory(number, tlp=tlp)
        with self.hooks.store.write() as tx:
            published.put(tx, one, [])
        return one.id

    def letters(self) -> list[Any]:
        found, now = [], self.clock()
        with self.hooks.store.write() as tx:
            while (taken := letters.take(tx, now=now, until=now + timedelta(days=900))) is not None:
                found.append(taken[1])
        return found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    clock = Clock()
    with accounts(tmp_path, clock) as held:
        boss = viewer(held, first_admin(held))
        receiver = Receiver()
        settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys")
        sender = Sender(transport=httpx.MockTransport(receiver))
        hooks = Hooks(store=held.store, settings=settings, sender=sender, now=clock)

        def person(login: str, *roles: Role) -> Viewer:
            return viewer(held, somebody(held, boss, login, *(roles or (Role.READER,))))

        yield Here(hooks=hooks, receiver=receiver, clock=clock, person=person)


def test_a_publication_is_told_once_signed_with_ids_and_links_alone(here: Here) -> None:
    who = here.person("ann")
    hook = here.hooks.add_webhook(who, URL)
    id_ = here.publish()
    assert here.hooks.published(id_, because="published:C-SECRETCASE") == 1
    assert here.hooks.published(id_, because="published:C-SECRETCASE") == 0
    assert here.hooks.deliver() == 1
    assert here.hooks.deliver() == 0
    (request,) = here.receiver.seen
    body = json.loads(request.content)
    assert set(body) == {"id", "type", "at", "advisory", "tlp", "url", "api"}
    assert (body["type"], body["advisory"], body["tlp"]) == ("advisory.published", id_, "TLP:CLEAR")
    assert request.headers["comity-event"] == body["id"]
    assert b"SECRETCASE" not in request.content
    header = request.headers["comity-signature"]
    assert is_genuine(header, hook.secret, request.content, now=here.clock())
    assert not is_genuine(header, hook.secret, request.content + b" ", now=here.clock())
    assert not is_genuine(header, "another", request.content, now=here.clock())
    assert not is_genuine(header, hook.secret, request.content, now=here.clock() + timedelta(minutes=6))
    assert not is_genuine("t=x,v1=y", hook.secret, request.content, now=here.clock())
    _, (told,) = here.hooks.one(who, hook.id)
    assert (told.state, told.tries, told.status) == (State.DONE, 1, 200)


def test_tries_wait_longer_and_longer_and_end_as_a_dead_letter_that_its_owner_replays(here: Here) -> None:
    who = here.person("ann")
    hook = here.hooks.add_webhook(who, URL)
    here.hooks.published(here.publish(), because="k")
    here.receiver.status = 503
    for number, wait in enumerate(WAITS, 1):
        assert here.hooks.deliver() == 1
        here.receiver.fails = number % 2 == 1
        here.clock.move(wait - timedelta(seconds=1))
        assert here.hooks.deliver() == 0
        here.clock.move(timedelta(seconds=1))
    here.hooks.deliver()
    _, (told,) = here.hooks.one(who, hook.id)
    assert (told.state, told.tries) == (State.DEAD, len(WAITS) + 1)
    assert here.hooks.own(who)[0].dead == 1
    here.receiver.status, here.receiver.fails = 204, False
    here.hooks.replay(who, hook.id, told.id)
    with pytest.raises(Conflict, match="waits"):
        here.hooks.replay(who, hook.id, told.id)
    assert here.hooks.deliver() == 1
    _, (again,) = here.hooks.one(who, hook.id)
    assert (again.state, again.event, again.body) == (State.DONE, told.event, told.body)


def test_a_receiver_that_is_gone_is_called_no_more(here: Here) -> None:
    who = here.person("ann")
    hook = here.hooks.add_webhook(who, URL)
    here.hooks.published(here.publish(), because="k")
    here.receiver.status = 410
    here.hooks.deliver()
    assert here.hooks.one(who, hook.id)[1][0].state is State.DEAD


def test_nobody_is_told_of_what_they_may_not_see(here: Here) -> None:
    reader, coordinator = here.person("ann"), here.person("cora", Role.COORDINATOR)
    here.hooks.add_webhook(reader, URL)
    here.hooks.add_webhook(coordinator, URL + "/c")
    assert here.hooks.published(here.publish(1, tlp=Tlp.AMBER), because="amber") == 1
    here.hooks.deliver()
    assert [request.url.path for request in here.receiver.seen] == ["/hook/c"]
    assert json.loads(here.receiver.seen[0].content)["tlp"] == "TLP:AMBER"


def test_a_paused_subscription_waits_and_an_ended_one_is_gone(here: Here) -> None:
    who = here.person("ann")
    hook = here.hooks.add_webhook(who, URL)
    here.hooks.ring(who, hook.id)
    here.hooks.pause(who, hook.id, paused=True)
    assert here.hooks.deliver() == 0
    here.hooks.pause(who, hook.id, paused=False)
    assert here.hooks.deliver() == 1
    assert json.loads(here.receiver.seen[0].content)["type"] == "test"
    here.hooks.end(who, hook.id)
    for call in (here.hooks.one, here.hooks.end, here.hooks.ring):
        with pytest.raises(Missing):
            call(who, hook.id)
    assert here.hooks.published(here.publish(), because="later") == 0


def test_a_subscription_is_its_owners_alone(here: Here) -> None:
    ann, bob = here.person("ann"), here.person("bob")
    hook = here.hooks.add_webhook(ann, URL)
    assert here.hooks.own(bob) == ()
    for call in (here.hooks.one, here.hooks.end, here.hooks.ring):
        with pytest.raises(Missing):
            call(bob, hook.id)
    with pytest.raises(Missing):
        here.hooks.confirm(ann, hook.id, hook.secret)


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/hook",
        "https://user:word@receiver.example/",
        "https://receiver.example/#part",
        "ftp://receiver.example/",
        "https://",
        "https://x.example/" + "a" * 500,
        "http://127.0.0.1/",
        "https://[::1",
    ],
)
def test_addresses_that_may_not_be_called_are_refused_at_the_door(here: Here, url: str) -> None:
    with pytest.raises(Invalid):
        here.hooks.add_webhook(here.person("ann"), url)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://10.0.0.7/x", "https://[::ffff:192.168.0.1]/", "https://localhost/"]
)
def test_a_name_that_leads_into_a_private_network_is_never_called(url: str) -> None:
    with pytest.raises(Invalid, match="may not be called"):
        Sender().send(url, "s", b"{}", event="e", at=Clock()())


def test_a_person_has_few_subscriptions(here: Here) -> None:
    who = here.person("ann")
    for number in range(10):
        here.hooks.add_webhook(who, f"{URL}/{number}")
    with pytest.raises(Forbidden, match="at most 10"):
        here.hooks.add_webhook(who, URL)


def test_a_digest_comes_only_after_its_address_was_confirmed_and_only_with_news(here: Here) -> None:
    who = here.person("ann")
    hook = here.hooks.add_digest(who, "ann@reader.example", every="day")
    (first,) = here.letters()
    assert hook.secret in first.text
    here.publish(1)
    here.clock.move(timedelta(days=2))
    assert here.hooks.digests() == 0
    with pytest.raises(Missing):
        here.hooks.confirm(who, hook.id, "0" * 64)
    here.hooks.confirm(who, hook.id, hook.secret)
    here.clock.move(timedelta(days=2))
    assert here.hooks.digests() == 0
    late = sample.advisory(2)
    with here.hooks.store.write() as tx:
        at = here.clock()
        published.put(tx, replace(late, published_at=at, modified_at=at), [])
        hidden = sample.advisory(3, tlp=Tlp.GREEN)
        published.put(tx, replace(hidden, published_at=at, modified_at=at), [])
    here.clock.move(timedelta(hours=25))
    assert here.hooks.digests() == 1
    assert here.hooks.digests() == 0
    digest = next(one for one in here.letters() if one.purpose == "advisory digest")
    assert digest.tlp is Tlp.CLEAR
    assert "SAMPLE-2026-0002" in digest.text
    assert "SAMPLE-2026-0003" not in digest.text
    assert "SAMPLE-2026-0001" not in digest.text


def test_an_address_that_is_none_gets_no_letter(here: Here) -> None:
    with pytest.raises(Invalid):
        here.hooks.add_digest(here.person("ann"), "no address", every="day")
    assert here.letters() == []


def test_the_courier_goes_round_until_it_is_stopped(here: Here) -> None:
    who = here.person("ann")
    hook = here.hooks.add_webhook(who, URL)
    here.hooks.ring(who, hook.id)
    courier = Courier(hooks=here.hooks)
    courier.start()
    for _ in range(100):
        if here.receiver.seen:
            break
        courier._ended.wait(0.05)
    courier.stop()
    assert len(here.receiver.seen) == 1
