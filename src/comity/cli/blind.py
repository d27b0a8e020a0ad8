"""Ask a host whether a finding is known there, without showing it; then file it, or let it be.

The sheet of each question is a private file beside the local store. It holds what the host must not see yet, and it is
written before anything is sent: whoever loses it can neither open the question nor prove that they asked first.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import Place, place
from comity.errors import Conflict, Invalid, Missing, Problem, Tampered
from comity.settings import Settings

NEXT: Final = "  file it with `comity blind open {0} REPORT`, or `comity blind withdraw {0}`, by {1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """The finest match: the words of its level, how many others, whether it is published."""

    level: str
    words: str
    prior: str
    is_published: bool


def check(report: Path, *, host: Host = "", json: Json = False) -> int:
    """Ask whether this finding is known, without showing it. Exit status 0: not known; 1: known."""
    from comity.clearing.desk_blind import prints_of
    from comity.sealing import asker

    document = report.read_bytes()
    sheet = asker.prepare(document, prints_of(document))
    held = configured(host)
    with place(held, work=True) as there:
        sheet, answer = asked(held, there, sheet)
        hit = _look(there, sheet, answer)
    result = {
        "question": sheet.question,
        "known": hit is not None,
        "level": hit.level if hit else "",
        "prior": hit.prior if hit else "",
        "published": hit.is_published if hit else False,
        "open_by": answer["opens_by"],
    }
    if json:
        show.document(result)
    elif hit is None:
        show.line(f"{report.name}: not known to {there.name}", "bold")
    else:
        show.line(f"{report.name}: known to {there.name}: {hit.words}", "bold")
        state = "published already" if hit.is_published else "not published"
        show.line(f"  reported there before by {hit.prior}; {state}")
    if not json:
        show.line(f"  question {sheet.question}: the host learned neither the finding nor this answer", "dim")
        show.line(NEXT.format(sheet.question, show.moment(answer["opens_by"])), "dim")
    return 0 if hit is None else 1


def asked(held: Settings, there: Place, sheet: Any) -> tuple[Any, Mapping[str, Any]]:
    """Ask what this sheet commits to. Gives the sheet, kept as a private file before and after, and the answer."""
    from comity.sealing import asker

    terms = there.read("/blind")
    sheet = msgspec.structs.replace(sheet, host=there.name)
    waiting = _keep(held, f"unsent-{secrets.token_hex(6)}", sheet)
    answer = there.act("/blind/questions", asker.sent(sheet))
    sheet = msgspec.structs.replace(sheet, question=answer["question"], receipt=_bytes(answer["receipt"]))
    _keep(held, sheet.question, sheet)
    waiting.unlink()
    _same_key(terms, answer, sheet)
    return sheet, answer


def listed(*, host: Host = "", json: Json = False) -> None:
    """Your organisation's questions of this epoch and the one before, and how many more you may ask."""
    with place(configured(host)) as there:
        held = there.read("/blind")
    if json:
        show.document(held)
        return
    rows = [
        (q["question"], q["standing"], show.moment(q["asked_at"]), show.moment(q["opens_by"]), ", ".join(q["levels"]))
        for q in held["questions"]
    ]
    columns = ("question", "standing", "asked", "open by", "levels")
    show.table(columns, rows, empty="No questions yet: `comity blind check REPORT`.")
    show.line(f"{held['left']} more until the epoch ends, {show.moment(held['ends_at'])}", "dim")


def opened(question: str, report: Path, *, host: Host = "", json: Json = False) -> None:
    """Show what was asked and file it as a report: the same bytes, so that priority can be proved."""
    from comity.sealing import asker

    held = configured(host)
    sheet = _sheet(held, question)
    with place(held, work=True) as there:
        answer = there.act(f"/blind/questions/{question}/opening", asker.opening(sheet, report.read_bytes()))
    if json:
        show.document(answer)
        return
    show.line(f"{report.name}: accepted as {answer['report']}", "bold")
    show.line(f"  receipt {answer['receipt']}")
    show.line(f"  `comity blind prove {question} REPORT` shows that you held it before", "dim")


def withdraw(question: str, *, host: Host = "") -> None:
    """End a question without showing anything. It stays on your organisation's meter."""
    held = configured(host)
    _sheet(held, question)
    with place(held) as there:
        there.act(f"/blind/questions/{question}/withdrawal")
    show.line(f"withdrawn: {question}")


def receipt(question: str, *, out: Path) -> None:
    """Write the host's signed receipt of a question into a file of its own: the sheet holds secrets, it does not."""
    out.write_bytes(_sheet(configured(), question).receipt)
    show.line(f"written to {out}")


def prove(
    question: str,
    report: Path,
    *,
    key: Annotated[list[Path] | None, Parameter(negative="", help="exported public key to trust")] = None,
    json: Json = False,
) -> None:
    """Check offline that this report was held when the question was asked. Without `--key`: by this host's own keys."""
    from comity.app import trusted
    from comity.model.ids import digest
    from comity.sealing import asker, blind
    from comity.sealing.keys import read_public

    held = configured()
    sheet = _sheet(held, question)
    known = tuple(read_public(path.read_bytes()) for path in key) if key else trusted(held)
    proved = blind.read_receipt(sheet.receipt, known)
    if digest(report.read_bytes()) != sheet.document:
        raise Tampered(f"{report.name} is not the report that question {question} was about")
    if not asker.first(sheet, proved.receipt):
        raise Tampered("the receipt is about another question than this sheet")
    result: dict[str, Any] = {
        "question": proved.receipt.question,
        "held_at": proved.receipt.asked_at.isoformat().replace("+00:00", "Z"),
        "signed_by": proved.key.organisation,
        "is_demo": proved.key.demo,
    }
    if json:
        show.document(result)
        return
    by = "a demo key" if proved.key.demo else proved.key.organisation
    show.line(f"{report.name} was held at {show.moment(result['held_at'])}: the receipt holds, signed by {by}")


def _look(there: Place, sheet: Any, answer: Mapping[str, Any]) -> Hit | None:
    """Every shelf is fetched, whatever the first one says: the host must not see when the looking ended."""
    from comity.sealing import asker

    found = asker.wanted(
        sheet,
        evaluated=[_bytes(one) for one in answer["evaluated"]],
        proof=_bytes(answer["proof"]),
        public=bytes.fromhex(answer["public"]),
        bits=answer["bits"],
    )
    shelves: dict[tuple[str, int], list[bytes]] = {}
    for one in found:
        name = one.level.name.lower()
        if (name, one.bucket) not in shelves:
            path = f"/blind/questions/{sheet.question}/shelves/{name}/{one.bucket}"
            shelves[name, one.bucket] = [_bytes(entry) for entry in there.read(path)["entries"]]
    hits = [(one, asker.matched(one, shelves[one.level.name.lower(), one.bucket])) for one in found]
    for one, label in hits:
        if label is not None:
            return Hit(
                level=one.level.name.lower(),
                words=one.level.words,
                prior=label.prior.value,
                is_published=label.is_published,
            )
    return None


def _same_key(terms: Mapping[str, Any], answer: Mapping[str, Any], sheet: Any) -> None:
    """The key of the answer is the published one, and the receipt says so too. Signatures are checked by `prove`."""
    from comity.sealing import blind, dsse

    receipt = msgspec.json.decode(dsse.payload_unverified(sheet.receipt), type=blind.Receipt)
    if not terms["public"] == answer["public"] == receipt.public or receipt.question != sheet.question:
        raise Tampered("the host answered under another key than the one it published: do not use this answer")


def _keep(held: Settings, name: str, sheet: Any) -> Path:
    from comity.sealing import asker

    return keep(held.data / "blind", name, asker.write(sheet))


def keep(folder: Path, name: str, data: bytes) -> Path:
    """Write a private file, whole or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part, kept = folder / f".{name}.part", folder / f"{name}.json"
    part.touch(mode=0o600)
    part.write_bytes(data)
    return part.replace(kept)


def _sheet(held: Settings, question: str) -> Any:
    from comity.sealing import asker

    if not question.startswith("Q-") or not all(c.isalnum() or c == "-" for c in question):
        problem = Problem("/question", "bad_name", "a question is named like Q-XXXX-XXXX-XXXX")
        raise Invalid(f"{question!r} names no question", [problem])
    path = held.data / "blind" / f"{question}.json"
    if not path.exists():
        raise Missing(f"there is no sheet of question {question} in {path.parent}: only who asked can open it")
    sheet = asker.read(path.read_bytes())
    if sheet.question != question:
        raise Conflict(f"{path} is the sheet of another question")
    return sheet


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
