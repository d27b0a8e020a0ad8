"""A fresh store, a mail server on loopback that keeps what it gets, and a clock in the test's hand."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from comity.mail.outbox import Postman
from comity.mail.post import Smtp
from comity.settings import Settings
from comity.store import engine
from comity.store.crypt import MasterKey
from tests.mail.certificate import made

START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SENDER = "clearing@host.example"


@dataclass
class Box:
    """What the server was given, and what it answers to a recipient or a message ("" is yes)."""

    got: list[Envelope] = field(default_factory=list)
    to_recipient: str = ""
    to_data: str = ""
    tls: list[bool] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Session, envelope: Envelope) -> str:
        if self.to_data:
            return self.to_data
        self.got.append(envelope)
        self.tls.append(session.ssl is not None)
        self.signed_in.append(bool(session.authenticated))
        return "250 taken"

    def message(self, place: int = -1) -> EmailMessage:
        """One of the messages, as a mailer reads it."""
        content = self.got[place].content
        assert isinstance(content, bytes)
        return message_from_bytes(content, _class=EmailMessage, policy=policy.default)  # type: ignore[return-value]  # typeshed gives the base


@dataclass
class Hand:
    """A clock that stands until it is moved."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def on(self, span: timedelta) -> None:
        """Move it forward."""
        self.at += span


@dataclass(kw_only=True)
class Office:
    """Everything of one test."""

    settings: Settings
    store: engine.Store
    clock: Hand
    box: Box
    postman: Postman
    server: Smtp


def port_of(controller: Controller) -> int:
    assert controller.server is not None
    port: int = controller.server.sockets[0].getsockname()[1]
    return port


class Loopback(Controller):
    """aiosmtpd on a port that the system chooses; its own start would call port 0."""

    def _trigger_server(self) -> None:
        """As before, at the port that was chosen."""
        self.port = port_of(self)
        super()._trigger_server()


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    return made(tmp_path_factory.mktemp("tls"))


def _signs_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and given.login == b"comity" and given.password == b"a long secret"
    return AuthResult(success=right, handled=right)


@pytest.fixture
def office(tmp_path: Path, box: Box, certificate: tuple[Path, Path]) -> Iterator[Office]:
    """A server that demands STARTTLS and a sign-in, and a postman who knows how."""
    held = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    held.load_cert_chain(certificate[0], certificate[1])
    controller = Loopback(
        box,
        hostname="127.0.0.1",
        port=0,
        tls_context=held,
        require_starttls=True,
        authenticator=_signs_in,
        auth_required=True,
        auth_require_tls=True,
    )
    controller.start()
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys", mail_from=SENDER, organisation="Test host")
    store = engine.open(settings, MasterKey(bytes(range(32))))
    clock = Hand()
    server = Smtp(
        host="localhost",
        port=port_of(controller),
        security="starttls",
        user="comity",
        password="a long secret",
        timeout_seconds=5,
        trusted=ssl.create_default_context(cafile=certificate[0]),
    )
    postman = Postman(store=store, settings=settings, now=clock, server=server)
    yield Office(settings=settings, store=store, clock=clock, box=box, postman=postman, server=server)
    controller.stop()
    store.close()
