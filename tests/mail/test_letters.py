"""What may be written, to whom, and how it looks when it arrives."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Forbidden, Invalid, Unavailable
from comity.mail import message, openpgp, outbox
from comity.model.handling import Tlp
from comity.model.letter import Enclosure, Letter
from tests.mail.conftest import SENDER, START, Office

LETTER = Letter(
    key="case:C-TEST:1",
    to="security@project.example",
    purpose="case thread",
    subject="A report about your project",
    text="A report waits for you.\n.\nA line with one dot stands above.\nGrüße",
    tlp=Tlp.AMBER,
    about="C-TEST",
)

HEADERS = {"From", "To", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "Subject"} | {
    "Content-Type",
    "Content-Transfer-Encoding",
}


def written(letter: Letter) -> bytes:
    return message.written(letter, id_="ab" * 32, sender=SENDER, host="Test host", at=START)


def test_the_label_comes_first_in_subject_and_body(office: Office) -> None:
    _post(office, LETTER)
    got = office.box.message()
    assert got["Subject"] == "TLP:AMBER A report about your project"
    assert got.get_content().replace("\r\n", "\n") == f"TLP:AMBER\n\n{LETTER.text}\n"


def test_a_letter_without_handling_bears_no_label(office: Office) -> None:
    _post(office, replace(LETTER, tlp=None))
    assert office.box.message()["Subject"] == LETTER.subject
    assert office.box.message().get_content().startswith("A report waits")


def test_it_is_plain_text_says_that_a_machine_wrote_it_and_how_to_end_it(office: Office) -> None:
    _post(office, replace(LETTER, unsubscribe="https://host.example/watch/end/abc"))
    got = office.box.message()
    assert got.get_content_type() == "text/plain"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["List-Unsubscribe"] == "<https://host.example/watch/end/abc>"
    assert got["From"] == SENDER


def test_files_go_along_as_attachments_byte_for_byte(office: Office) -> None:
    patch = Enclosure(name="minimal.patch", media_type="text/x-patch", data=b"--- a\r\n+++ b\n\x00\xff")
    _post(office, replace(LETTER, enclosures=(patch,)))
    (part,) = office.box.message().iter_attachments()
    assert part.get_filename() == "minimal.patch"
    assert part.get_content_disposition() == "attachment"
    assert part.get_payload(decode=True) == patch.data


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "a@b.example\r\nBcc: all@b.example"},
        {"to": "a@b.example, c@d.example"},
        {"to": "Name <a@b.example>"},
        {"to": "ä@b.example"},
        {"subject": "one\nBcc: all@b.example"},
        {"subject": "one\rBcc: all@b.example"},
        {"subject": "one\u2028two"},
        {"subject": ""},
        {"purpose": "a\nb"},
        {"unsubscribe": "https://host.example/>\nBcc: x@y.example"},
        {"text": "a\x00b"},
        {"enclosures": (Enclosure(name="../x", media_type="text/plain", data=b""),)},
        {"enclosures": (Enclosure(name="x.html", media_type="text/html", data=b""),)},
        {"enclosures": (Enclosure(name="x", media_type="text/plain\nX: y", data=b""),)},
    ],
)
def test_what_would_make_a_header_or_be_rendered_is_refused(wrong: dict[str, object], office: Office) -> None:
    with pytest.raises(Invalid), office.store.write() as tx:
        outbox.queue(tx, replace(LETTER, **wrong), settings=office.settings, at=START)  # type: ignore[arg-type]  # on purpose
    with office.store.read() as tx:
        assert outbox.standing(tx).waiting == 0


@given(subject=st.text(max_size=120), text=st.text(max_size=300))
def test_no_text_whatever_makes_another_header(subject: str, text: str) -> None:
    letter = replace(LETTER, subject=subject, text=text)
    if letter.problems():
        with pytest.raises(Invalid):
            written(letter)
        return
    got = message_from_bytes(written(letter), policy=policy.default)
    assert sorted(got.keys()) == sorted(
        [
            "From",
            "To",
            "Date",
            "Message-ID",
            "MIME-Version",
            "Auto-Submitted",
            "Subject",
            "Content-Type",
            "Content-Transfer-Encoding",
        ]
    )
    assert got["To"] == LETTER.to


@pytest.mark.parametrize("tlp", [Tlp.AMBER_STRICT, Tlp.RED])
def test_above_the_limit_nothing_goes_in_clear(tlp: Tlp, office: Office) -> None:
    with pytest.raises(Forbidden, match="above TLP:AMBER"), office.store.write() as tx:
        outbox.queue(tx, replace(LETTER, tlp=tlp), settings=office.settings, at=START)
    looser = replace(office.settings, mail_clear_limit="RED")
    with office.store.write() as tx:
        outbox.queue(tx, replace(LETTER, tlp=tlp), settings=looser, at=START)


def test_an_encrypted_letter_shows_its_label_and_nothing_else(office: Office) -> None:
    pysequoia = pytest.importorskip("pysequoia", reason="comity[server] is not installed")
    holder = pysequoia.Tsk.generate("Maintainer <security@project.example>")
    letter = replace(LETTER, tlp=Tlp.RED, openpgp=str(holder.extract_certificate()))
    _post(office, letter)
    got = office.box.message()
    raw = office.box.got[-1].content
    assert isinstance(raw, bytes)
    assert got["Subject"] == "TLP:RED Message from Test host"
    assert got.get_content_type() == "multipart/encrypted"
    assert got.get_param("protocol") == "application/pgp-encrypted"
    assert b"report" not in raw.lower()
    control, body = got.iter_parts()
    assert control.get_content_type() == "application/pgp-encrypted"
    opened = pysequoia.decrypt(body.get_payload(decode=True), holder.decryptor()).bytes
    inner = message_from_bytes(opened, policy=policy.default)
    text = inner.get_content().replace("\r\n", "\n")
    assert text == f"TLP:RED\n\nSubject: {letter.subject}\n\n{letter.text}\n"


@pytest.mark.parametrize("key", ["no key", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "-----BEGIN PGP PUBLIC KEY"])
def test_what_is_no_public_key_is_refused(key: str, office: Office) -> None:
    pytest.importorskip("pysequoia", reason="comity[server] is not installed")
    with pytest.raises(Invalid), office.store.write() as tx:
        outbox.queue(tx, replace(LETTER, openpgp=key), settings=office.settings, at=START)


def test_without_the_extra_an_encrypted_letter_is_not_sent_in_clear(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pysequoia", None)
    with pytest.raises(Unavailable, match=r"comity\[server\]"), office.store.write() as tx:
        outbox.queue(tx, replace(LETTER, openpgp="any"), settings=office.settings, at=START)
    with pytest.raises(Unavailable, match=r"comity\[server\]"):
        openpgp.check("any")


def _post(office: Office, letter: Letter) -> None:
    with office.store.write() as tx:
        outbox.queue(tx, letter, settings=office.settings, at=office.clock())
    assert office.postman.round() == 1
