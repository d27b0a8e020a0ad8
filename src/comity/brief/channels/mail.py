"""A brief as an e-mail message: plain text that starts with the label, no picture, no link that counts readers."""

import re
from email.message import EmailMessage
from email.policy import SMTP

from comity.brief.channels import text
from comity.brief.channels.common import note
from comity.brief.label import HEADER
from comity.model.brief import Published


def subject(public: Published) -> str:
    """One line that can add no header: anything unprintable becomes a space. Says when words were changed or taken."""
    title = re.sub(r"\s+", " ", "".join(mark if mark.isprintable() else " " for mark in public.title)).strip()[:160]
    if note(public):
        return f"Withdrawn: {title}"
    return f"Corrected: {title}" if public.corrections else title or "A brief"


def render(public: Published, *, sender: str, to: str = "") -> bytes:
    """The message as bytes (RFC 5322). A title can add no header: line ends and control characters become spaces."""
    message = EmailMessage(policy=SMTP.clone(max_line_length=160))  # the mark stays on its line
    message["Subject"] = subject(public)
    message["From"] = sender
    if to:
        message["To"] = to
    message["Message-ID"] = f"<{public.id}.{public.version}@comity.invalid>"
    message["Date"] = public.modified_at
    if public.mark:
        message[HEADER] = public.mark
    message.set_content(text.render(public))
    return message.as_bytes()
