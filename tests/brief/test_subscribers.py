"""Briefs by e-mail: nobody gets one who did not agree, and a change reaches exactly those whom the brief reached."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.brief.hosts import EDITH, GRACE, MEMBER, Host, host
from tests.mail.conftest import Box, Loopback, port_of

from comity.brief import flow
from comity.errors import Forbidden, Invalid, Missing, Unavailable
from comity.mail import outbox
from comity.mail.post import Smtp
from comity.model.party import ANONYMOUS
from comity.store import subscribers

READER = "reader@example.org"
MAIL = {"smtp_host": "localhost", "smtp_security": "none", "mail_from": "briefs@host.example"}


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def port(box: Box) -> Iterator[int]:
    """A mail server on loopback."""
    controller = Loopback(box, hostname="127.0.0.1", port=0)
    controller.start()
    yield port_of(controller)
    controller.stop()


def sent(here: Host, port: int, box: Box) -> list[EmailMessage]:
    """What the postman delivers now, as the mailbox has it."""
    before = len(box.got)
    server = Smtp(host="localhost", port=port, security="none", user="", password="", timeout_seconds=10)
    postman = outbox.Postman(
        store=here.machines.store, settings=here.machines.settings, now=here.clock.now, server=server
    )
    postman.round()
    return [box.message(place) for place in range(before, len(box.got))]


def body(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def secret_in(message: EmailMessage) -> str:
    found = re.search(r"/subscriptions/([0-9a-f]{48})", body(message))
    assert found is not None
    return found[1]


def agreed(here: Host, port: int, box: Box) -> str:
    """A reader who asked and pressed the button; gives the secret of the link."""
    here.desk.subscribe(ANONYMOUS, READER)
    [letter] = sent(here, port, box)
    secret = secret_in(letter)
    here.desk.confirm_subscription(ANONYMOUS, secret)
    return secret


def told(here: Host, id_: str, count: int) -> list[str]:
    return [flow.tell(here.machines, id_, count, one) for one in flow.receivers(here.machines, id_)]


def test_an_address_gets_one_letter_until_its_owner_says_yes(tmp_path: Path, port: int, box: Box) -> None:
    with host(tmp_path, **MAIL) as here:
        here.desk.subscribe(ANONYMOUS, READER)
        here.desk.subscribe(ANONYMOUS, READER.upper())
        [letter] = sent(here, port, box)
        assert letter["To"] == READER
        assert not here.desk.subscription(ANONYMOUS, secret_in(letter)).is_confirmed
        here.published()
        assert sent(here, port, box) == []
        assert here.desk.subscribed(GRACE).waiting == 1
        here.clock.pass_(days=2, seconds=1)
        with pytest.raises(Missing):
            here.desk.confirm_subscription(ANONYMOUS, secret_in(letter))
        here.desk.subscribe(ANONYMOUS, "other@example.org")
        assert here.desk.subscribed(GRACE).waiting == 1, "the unconfirmed address is forgotten"


def test_a_brief_comes_label_first_with_its_signed_metadata(tmp_path: Path, port: int, box: Box) -> None:
    with host(tmp_path, **MAIL) as here:
        secret = agreed(here, port, box)
        public = here.published()
        [letter] = sent(here, port, box)
        said = body(letter)
        assert 0 <= said.index(public.label) < said.index(public.title) < said.index(public.lines[0].text)
        assert f"Digital source type: {public.mark}" in said
        assert secret in letter["List-Unsubscribe"]
        names = {one.get_filename(): one.get_payload(decode=True) for one in letter.iter_attachments()}
        assert names["brief.json"] == here.desk.file(MEMBER, public.id, "brief.json").data
        assert "brief.json.seal.json" in names


def test_correction_and_tombstone_reach_those_who_got_the_brief_once_and_nobody_else(
    tmp_path: Path, port: int, box: Box
) -> None:
    with host(tmp_path, **MAIL) as here:
        agreed(here, port, box)
        public = here.published()
        sent(here, port, box)
        here.desk.subscribe(ANONYMOUS, "late@example.org")
        [late] = sent(here, port, box)
        here.desk.confirm_subscription(ANONYMOUS, secret_in(late))
        words = [one.text for one in public.lines]
        here.desk.correct(EDITH, public.id, note="The title was wrong.", title="Another title", sentences=words)
        told(here, public.id, 1)
        told(here, public.id, 1)
        [letter] = sent(here, port, box)
        assert letter["To"] == READER
        assert letter["Subject"].endswith("Corrected: Another title")
        assert "The title was wrong." in body(letter)
        here.desk.withdraw(EDITH, public.id, reason="The source took it back.")
        told(here, public.id, 2)
        [gone] = sent(here, port, box)
        assert "Withdrawn: " in gone["Subject"]
        assert "The source took it back." in body(gone)
        assert words[0] not in body(gone)
        assert READER not in str(here.desk.draft(GRACE, public.id).notices)


def test_who_leaves_is_forgotten_with_what_had_not_gone_yet(tmp_path: Path, port: int, box: Box) -> None:
    with host(tmp_path, **MAIL) as here:
        secret = agreed(here, port, box)
        public = here.published()
        here.desk.unsubscribe(ANONYMOUS, secret)
        assert sent(here, port, box) == []
        assert here.desk.subscribed(GRACE).confirmed == 0
        for call in (here.desk.subscription, here.desk.confirm_subscription, here.desk.unsubscribe):
            with pytest.raises(Missing):
                call(ANONYMOUS, secret)
        here.desk.withdraw(EDITH, public.id, reason="Wrong.")
        told(here, public.id, 1)
        assert sent(here, port, box) == []


def test_who_leaves_while_notices_run_gets_none(tmp_path: Path, port: int, box: Box) -> None:
    with host(tmp_path, **MAIL) as here:
        secret = agreed(here, port, box)
        public = here.published()
        sent(here, port, box)
        here.desk.withdraw(EDITH, public.id, reason="Wrong.")
        listed = flow.receivers(here.machines, public.id)
        here.desk.unsubscribe(ANONYMOUS, secret)
        assert "" in [flow.tell(here.machines, public.id, 1, one) for one in listed]
        assert sent(here, port, box) == []


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b\r\nBcc: all@example.org", "a@b.example, c@d.example", "x" * 300]
)
def test_what_is_no_address_is_refused(address: str, tmp_path: Path) -> None:
    with host(tmp_path, **MAIL) as here, pytest.raises(Invalid):
        here.desk.subscribe(ANONYMOUS, address)


def test_a_host_without_a_mail_server_says_so_and_strangers_cannot_make_it_write_to_all(tmp_path: Path) -> None:
    with host(tmp_path / "none") as here, pytest.raises(Unavailable, match="feeds"):
        here.desk.subscribe(ANONYMOUS, READER)
    with host(tmp_path / "some", **MAIL) as here:
        for number in range(200):
            here.desk.subscribe(ANONYMOUS, f"reader{number}@example.org")
        with pytest.raises(Unavailable, match="too many"):
            here.desk.subscribe(ANONYMOUS, READER)
        with pytest.raises(Forbidden):
            here.desk.subscribed(MEMBER)


def test_one_network_takes_five_places_a_day_and_leaves_the_others_to_other_readers(tmp_path: Path) -> None:
    with host(tmp_path, **MAIL) as here:
        for number in range(5):
            here.desk.subscribe(ANONYMOUS, f"one{number}@example.org", peer=f"203.0.113.{number}")
        for peer in ("203.0.113.200", "::ffff:203.0.113.9"):
            with pytest.raises(Unavailable, match="your network today"):
                here.desk.subscribe(ANONYMOUS, "six@example.org", peer=peer)
        here.desk.subscribe(ANONYMOUS, READER, peer="198.51.100.7")
        for place in ("", "127.0.0.1", "10.0.0.1", "unknown"):
            here.desk.subscribe(ANONYMOUS, f"proxy{len(place)}@example.org", peer=place)
        here.clock.pass_(days=1)
        here.desk.subscribe(ANONYMOUS, "six@example.org", peer="203.0.113.200")


def test_a_network_of_ipv6_is_what_one_subscriber_holds_and_a_yes_gives_the_place_back_and_forgets_it(
    tmp_path: Path, port: int, box: Box
) -> None:
    with host(tmp_path, **MAIL) as here:
        for number in range(5):
            here.desk.subscribe(ANONYMOUS, f"one{number}@example.org", peer=f"2001:db8:1:{number}::1")
        with pytest.raises(Unavailable, match="your network today"):
            here.desk.subscribe(ANONYMOUS, "six@example.org", peer="2001:db8:1:ffff::9")
        secret = secret_in(sent(here, port, box)[0])
        here.desk.confirm_subscription(ANONYMOUS, secret)
        here.desk.subscribe(ANONYMOUS, "six@example.org", peer="2001:db8:1:ffff::9")
        with here.machines.store.read() as tx:
            assert {one.contact.network for one in subscribers.confirmed(tx)} == {""}
