"""Demo step 5: a second party asks whether a finding is known, and shows nothing."""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from comity.app import Office
from comity.clearing.desk_blind import Asked, prints_of
from comity.cli.demo_findings import OWN, finding_of
from comity.errors import Unavailable
from comity.formats.recipe_archive import shipped_cases
from comity.formats.report import ReportDocument
from comity.model.party import Viewer
from comity.model.product import Symbol


def ask(office: Office, rival: Viewer, say: Callable[..., None]) -> bool:
    """One finding that is held here, in other words, and one that is not. True when the answers are right."""
    try:
        from comity.sealing import asker
    except Unavailable as error:
        say(f"not available here: {error}", "yellow")
        return True
    case = next(one for one in shipped_cases() if one.id == OWN[1])
    same = replace(finding_of(case), summary="Path traversal in page export", description="", attachments=(), own_id="")
    other = replace(same, symbols=(Symbol(file="ledger/words.py", function="count"),))
    good = True
    for finding, known in ((same, True), (other, False)):
        document = ReportDocument().write(finding, {})
        sheet = asker.prepare(document, prints_of(document))
        body = asker.sent(sheet)
        hit = _hit(office, rival, sheet, body)
        place = f"{finding.symbols[0].file}, {finding.symbols[0].function}"
        say(
            f"the asker holds: {place}; it sends {len(msgspec.json.encode(body))} bytes of digests and blinded elements"
        )
        word = f"known: {hit}" if hit else "not known"
        say(f"the asker reads off, alone: {word}", "green" if bool(hit) is known else "red")
        good &= bool(hit) is known
    say("the host evaluated two questions; it cannot tell which of them matched, or what they were about")
    return good


def _hit(office: Office, rival: Viewer, sheet: object, body: dict[str, object]) -> str:
    from comity.api.blind import BlindQuestion, asked
    from comity.sealing import asker

    assert isinstance(sheet, asker.Sheet)
    parts: list[Asked] = asked(msgspec.convert(body, BlindQuestion))
    held = office.blind.ask(rival, document=sheet.commitment, parts=parts)
    bits = {level.name.lower(): count for level, count in held.bits.items()}
    for one in asker.wanted(sheet, evaluated=held.evaluated, proof=held.proof, public=held.public, bits=bits):
        shelf = office.blind.shelf(rival, held.question.id, one.level.name.lower(), one.bucket)
        label = asker.matched(one, shelf)
        if label is not None:
            return f"{one.level.words}; reported by {label.prior.value} before"
    return ""
