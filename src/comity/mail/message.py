"""Write a letter as a message: plain text, the TLP label first in subject and body, encrypted where a key is known.

Sources: RFC 5322 (form), RFC 3834 (`Auto-Submitted`), RFC 3156 (PGP/MIME), RFC 2369 (`List-Unsubscribe`); FIRST TLP 2.0
asks for the label in the subject line and in the body before the text it governs.
"""

from datetime import datetime
from email import policy
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime

from comity.mail import openpgp
from comity.model.letter import Letter

_FORM = policy.SMTP.clone(max_line_length=78, cte_type="7bit")
NOTHING = "Message"
"""Subject of an encrypted letter: subjects travel in clear."""


def written(letter: Letter, *, id_: str, sender: str, host: str, at: datetime) -> bytes:
    """The message as the server gets it. `host` is the publisher's name; `id_` makes equal letters one message.

    Invalid for a letter that may not be sent; Unavailable when it is to be encrypted and `comity[server]` is missing.
    """
    letter.check()
    if letter.openpgp:
        return _encrypted(letter, id_=id_, sender=sender, host=host, at=at)
    message = EmailMessage(policy=_FORM)
    _address(message, letter, id_=id_, sender=sender, at=at)
    message["Subject"] = _labelled(letter, letter.subject)
    _fill(message, _body(letter, letter.text), letter)
    return message.as_bytes()


def _encrypted(letter: Letter, *, id_: str, sender: str, host: str, at: datetime) -> bytes:
    """RFC 3156 section 4: a control part and one octet stream. The true subject is the first line of what is inside."""
    inner = MIMEPart(policy=_FORM)
    _fill(inner, _body(letter, f"Subject: {letter.subject}\n\n{letter.text}"), letter)
    sealed = openpgp.encrypt(inner.as_bytes(), letter.openpgp)
    outer = EmailMessage(policy=_FORM)
    _address(outer, letter, id_=id_, sender=sender, at=at)
    outer["Subject"] = _labelled(letter, f"{NOTHING} from {_one_line(host)}")
    outer["Content-Type"] = 'multipart/encrypted; protocol="application/pgp-encrypted"'
    control, body = MIMEPart(policy=_FORM), MIMEPart(policy=_FORM)
    control.set_content(b"Version: 1\n", maintype="application", subtype="pgp-encrypted", cte="7bit")
    body.set_content(sealed, maintype="application", subtype="octet-stream", cte="7bit", disposition="inline")
    outer.set_payload([control, body])
    return outer.as_bytes()


def _address(message: EmailMessage, letter: Letter, *, id_: str, sender: str, at: datetime) -> None:
    message["From"] = sender
    message["To"] = letter.to
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{id_[:40]}@{sender.rpartition('@')[2]}>"
    message["MIME-Version"] = "1.0"
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"


def _fill(message: MIMEPart, text: str, letter: Letter) -> None:
    message.set_content(text, subtype="plain", charset="utf-8")
    for one in letter.enclosures:
        main, _, sub = one.media_type.partition("/")
        message.add_attachment(one.data, maintype=main, subtype=sub, filename=one.name, cte="base64")


def _labelled(letter: Letter, subject: str) -> str:
    return subject if letter.tlp is None else f"{letter.tlp.label} {subject}"


def _body(letter: Letter, text: str) -> str:
    ended = text if text.endswith("\n") else f"{text}\n"
    return ended if letter.tlp is None else f"{letter.tlp.label}\n\n{ended}"


def _one_line(text: str) -> str:
    return "".join(mark for mark in text if mark.isprintable())[:100]
