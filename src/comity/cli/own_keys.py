"""A developer's own key: made on the developer's machine, named in the terms, never sent anywhere."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from comity.cli import show
from comity.errors import Conflict, Invalid, Problem

FIELDS: Final = {"sign": "digest", "countersign": "root", "comment": "comment"}
"""Act -> the field whose digest is signed. A test holds this to what the counter checks."""


def own_key(file: Path, *, out: Path | None = None) -> None:
    """Make, or show, your own signing key (Ed25519) in FILE, readable by you alone, and print its public half.

    Put the public half into the terms as `developer_key=@KEY.json`; then sign, countersign and comment with
    `--own-key FILE`. Nobody else can sign for you, this host included.
    """
    from comity.sealing.keys import load_or_make

    document = load_or_make(file).public.export()
    if out is not None:
        out.write_bytes(document)
    show.out.out(document.decode(), end="")


def signed(file: Path, act: str, held: Mapping[str, Any], values: Mapping[str, str]) -> str:
    """The signature that this act takes, by the key in this file, over what lies in the engagement now."""
    from comity.model.ids import Digest
    from comity.sealing import papers
    from comity.sealing.keys import load_or_make

    if act not in FIELDS:
        raise Invalid(f"{act} takes no signature", [Problem("/own-key", "no_signature", ", ".join(FIELDS))])
    if not file.exists():
        raise Invalid("there is no such key", [Problem("/own-key", "missing", "comity assess own-key FILE makes one")])
    if act == "comment":
        from comity.model.dossier import comment_digest

        card = held["parts"].get("card")
        if not card:
            raise Conflict("there is no card to comment on yet")
        words = values.get("comment", "").replace("\r\n", "\n").strip()
        about = comment_digest(Digest(card["digest"]), words)
    else:
        about = Digest(values[FIELDS[act]])
    fields = {"engagement": held["id"], "act": act, "seat": "developer signatory"}
    key = load_or_make(file)
    at = datetime.now(UTC)  # noqa: TID251  a door
    return papers.sign("signature", {f"{act} of {held['id']}": about}, fields, key, at=at).decode()
