"""Hand one message to the operator's mail server, over TLS, or say what became of it. No text or secret is ever logged.

A server says 4xx for "try again" and 5xx for "never" (RFC 5321 4.2.1). Whatever is wrong between Comity and its own
server (name, TLS, sign-in) is the operator's to mend, so that such a letter waits, however the server put it.
"""

import smtplib
import ssl
from dataclasses import dataclass, field
from typing import Final, Protocol

from comity.errors import ComityError, Invalid, Problem, Unavailable
from comity.model.letter import is_address
from comity.settings import Settings

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Refused(ComityError):
    """The server will never take this letter: a person must look at the address, or at the letter."""


class Server(Protocol):
    """Takes messages. The one in use is `Smtp`; tests give others."""

    def send(self, message: bytes, *, sender: str, to: str) -> None:
        """Returns when the server took it. Unavailable: try again. Refused: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """A mail server as the settings name it. `security` is starttls, tls or none (to this machine only)."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    timeout_seconds: int
    trusted: ssl.SSLContext | None = field(default=None, repr=False)
    """Whom TLS trusts; None: the machine's own authorities."""

    def send(self, message: bytes, *, sender: str, to: str) -> None:
        """As `Server.send`. Sentences hold the server's code and none of its text, which may repeat an address."""
        try:
            with self._opened() as server:
                server.sendmail(sender, [to], message)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()), (550, b""))[0]
            raise _said(code, "the recipient") from error
        except smtplib.SMTPSenderRefused as error:
            raise Unavailable(f"the mail server does not take our sender address ({error.smtp_code})") from error
        except smtplib.SMTPAuthenticationError as error:
            raise Unavailable(
                f"the mail server refuses the sign-in ({error.smtp_code}): check user, password"
            ) from error
        except smtplib.SMTPDataError as error:
            raise _said(error.smtp_code, "the message") from error
        except ssl.SSLError as error:
            raise Unavailable("no trusted TLS to the mail server: check its certificate and name") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"the mail server cannot be used now ({type(error).__name__})") from error

    def _opened(self) -> smtplib.SMTP:
        trusted = self.trusted or ssl.create_default_context()
        server: smtplib.SMTP
        if self.security == "tls":
            server = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_seconds, context=trusted)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        try:
            if self.security == "starttls":
                server.starttls(context=trusted)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def named(settings: Settings) -> Smtp | None:
    """The server of the settings; None when none is named. Invalid when what is set does not fit together."""
    if not settings.smtp_host:
        return None
    problems = []
    if not is_address(settings.mail_from):
        problems.append(Problem("/COMITY_MAIL_FROM", "bad_setting", "give the address that letters come from"))
    if settings.smtp_security == "none" and settings.smtp_host not in LOOPBACK:
        reason = "none is for a server on this machine: use starttls or tls"
        problems.append(Problem("/COMITY_SMTP_SECURITY", "bad_setting", reason))
    if problems:
        raise Invalid("mail cannot be sent as it is set up", problems)
    return Smtp(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password,
        timeout_seconds=settings.smtp_timeout_seconds,
    )


def _said(code: int, what: str) -> ComityError:
    if code >= 500:
        return Refused(f"the mail server refuses {what} for good ({code})")
    return Unavailable(f"the mail server does not take {what} now ({code})")
