"""Decide whether a person's review of a brief counts, and void it by any edit.

A review is a sitting: somebody who did not make the text opens a source, decides sentence by sentence, takes the time,
finds the errors planted for this sitting, and names the person who answers for the publication (Regulation (EU)
2024/1689 Article 50(4), exemption, as the draft guidelines of 8 May 2026 read it; time floor and planted errors are
ours). The moves are `model.brief.MOVES`; only `close` enters `reviewed`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.article import Brief, Checked, Origin, ReviewState
from comity.model.brief import MOVES, Decision, Item, Record, Reviewed, Ruling, Sitting, unreviewed, words_of
from comity.model.handling import Tlp
from comity.model.ids import PartyId, digest

MODEL_TEXT_TOKENS: Final = 200
"""Above this the Code of Practice (10 June 2026, 1.1.2) asks for a watermark in free-form model text."""
TOKENIZER: Final = "comity-pieces/1"
"""The tokenizer that `tokens` counts by: policy parameter, since the Code names none."""
PIECE: Final = 6
"""Letters of one piece of a word. Ours: in English prose this counts more pieces than common tokenizers do."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The review counts: the brief is reviewed."""

    record: Record


@dataclass(frozen=True, slots=True)
class Rejected:
    """The reviewer found the brief wrong. `wrong` are the numbers of its sentences."""

    record: Record
    wrong: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Voided:
    """A planted error was missed: nothing of the sitting counts, and the brief is unreviewed again."""

    record: Record
    missed: int


Outcome: TypeAlias = Counted | Rejected | Voided


def begin(
    record: Record,
    *,
    reviewer: PartyId,
    name: str,
    is_script: bool = False,
    now: datetime,
    planted: int,
    random: bytes,
) -> Record:
    """The record with a sitting begun over it. Forbidden for a maker; Conflict where no review can begin."""
    if not reviewer or reviewer in record.makers:
        raise Forbidden("whoever wrote or ran a draft does not review it: ask another editor")
    _may_move(record, ReviewState.IN_REVIEW)
    if record.tombstone is not None:
        raise Conflict(f"brief {record.id} was withdrawn")
    sitting = Sitting(
        id=random.hex()[:16],
        reviewer=reviewer,
        reviewer_name=name,
        is_script=is_script,
        began_at=now,
        items=items(record.brief, planted=planted, random=random),
    )
    return replace(record, brief=replace(record.brief, review_state=ReviewState.IN_REVIEW), sitting=sitting)


def opened(record: Record, *, reviewer: PartyId, url: str) -> Record:
    """The reviewer looked at a source of this brief. Invalid for an address that is none of its sources."""
    sitting = _sitting(record, reviewer)
    if url not in {source.url for source in record.sources}:
        raise Invalid("no such source", [Problem("/source", "unknown_source", "open a source of this brief")])
    return replace(record, sitting=replace(sitting, opened=tuple(dict.fromkeys((*sitting.opened, url)))))


def close(
    record: Record,
    checked: Checked,
    *,
    reviewer: PartyId,
    decisions: Mapping[int, Decision],
    editor: tuple[PartyId, str],
    now: datetime,
    floor: timedelta,
    reason: str = "",
) -> Outcome:
    """End the sitting: `Counted`, `Rejected` or `Voided`. `editor` is the editor of record, id and name.

    Invalid, and the sitting goes on, while something is missing: a decision, an opened source, the editor of record,
    the time, or the reason for a rejection. Conflict while a gate blocks and nothing was found wrong.
    """
    sitting = _sitting(record, reviewer)
    problems = []
    for number in range(len(sitting.items)):
        if number not in decisions:
            problems.append(Problem(f"/decisions/{number}", "undecided", "say whether this sentence holds"))
    if not sitting.opened:
        problems.append(Problem("/opened_sources", "missing", "open at least one source"))
    if now - sitting.began_at < floor:
        least = int(floor.total_seconds())
        problems.append(Problem("/began_at", "too_quick", f"a review takes at least {least} seconds: look again"))
    missed = sum(decisions.get(number) is Decision.HOLDS for number in sitting.planted)
    wrong = tuple(
        item.sentence
        for number, item in enumerate(sitting.items)
        if item.sentence >= 0 and decisions.get(number) is Decision.WRONG
    )
    if wrong and not reason:
        problems.append(Problem("/reason", "missing", "say what is wrong"))
    if not wrong and not all(editor):
        problems.append(Problem("/editor_of_record", "missing", "name the person who answers for the publication"))
    if problems:
        raise Invalid("this review does not count yet", problems)
    if missed:
        return Voided(unreviewed(record), missed)
    if wrong:
        rejected = replace(unreviewed(record).brief, review_state=ReviewState.REJECTED)
        return Rejected(replace(unreviewed(record), brief=rejected, rejected_because=reason), wrong)
    if checked.blocked:
        raise Conflict("a gate blocks this brief: mend it and check it again")
    return Counted(_counted(record, sitting, editor, now))


def _counted(record: Record, sitting: Sitting, editor: tuple[PartyId, str], now: datetime) -> Record:
    _may_move(record, ReviewState.REVIEWED)
    name = f"{sitting.reviewer_name}, a script and not a person," if sitting.is_script else sitting.reviewer_name
    return replace(
        record,
        brief=replace(
            record.brief,
            review_state=ReviewState.REVIEWED,
            reviewer=name,
            editor_of_record=editor[1],
            reviewed_at=now,
        ),
        sitting=None,
        banner="",
        rejected_because="",
        review=Reviewed(
            reviewer=sitting.reviewer,
            reviewer_name=sitting.reviewer_name,
            is_script=sitting.is_script,
            editor_of_record=editor[0],
            editor_name=editor[1],
            began_at=sitting.began_at,
            at=now,
            rulings=tuple(
                Ruling(sentence=number, words=digest(one.text.encode()), decision=Decision.HOLDS)
                for number, one in enumerate(record.brief.sentences)
            ),
            opened_sources=sitting.opened,
            words=words_of(record.brief),
        ),
    )


def edited(record: Record, brief: Brief, *, by: PartyId) -> Record:
    """T05: whatever changed, even one character, the review is void; the same words keep it. `by` becomes a maker."""
    if words_of(brief) == words_of(record.brief):
        return record
    changed = replace(brief, version=record.brief.version + 1)
    makers = tuple(dict.fromkeys((*record.makers, by)))
    return replace(unreviewed(record, brief=changed), makers=makers, rejected_because="")


def reopened(record: Record, banner: str) -> Record:
    """A fact under the brief changed: unreviewed, with the reason above it. A sitting over it ends."""
    return unreviewed(record, banner=banner)


def publishable(record: Record, checked: Checked, *, needs_review: bool = True) -> None:
    """Return when the brief may be public, else raise Conflict saying why not.

    No gate blocks; every input is TLP:CLEAR (T17); model text is short enough to go without a watermark (T10).
    """
    if record.tombstone is not None:
        raise Conflict(f"brief {record.id} was withdrawn: nothing of it is published again")
    if checked.blocked:
        raise Conflict("a gate blocks this brief: mend it and check it again")
    strictest = max((record.brief.tlp, *(source.tlp for source in record.sources)))
    if strictest is not Tlp.CLEAR:
        raise Conflict(f"an input is {strictest.label}; only TLP:CLEAR enters a public brief")
    if needs_review and record.brief.review_state is not ReviewState.REVIEWED:
        raise Conflict(f"brief {record.id} is {record.brief.review_state}: have another editor review it")
    if record.brief.origin in (Origin.MODEL, Origin.MODEL_HUMAN):
        count = tokens(" ".join(one.text for one in record.brief.sentences))
        if max(count, record.model_tokens or 0) > MODEL_TEXT_TOKENS:
            raise Conflict(
                f"model text of {max(count, record.model_tokens or 0)} tokens ({TOKENIZER}) needs a watermark; "
                f"without one, at most {MODEL_TEXT_TOKENS}"
            )


def tokens(text: str) -> int:
    """How many tokens by `TOKENIZER`: each word in pieces of six letters, each mark by itself."""
    found = re.findall(r"\w+|[^\w\s]", text)
    return sum(-(-len(one) // PIECE) for one in found)


def items(brief: Brief, *, planted: int, random: bytes) -> tuple[Item, ...]:
    """The sentences with `planted` errors between them, in an order that `random` decides."""
    lines = [Item(text=one.text, spans=one.spans, sentence=number) for number, one in enumerate(brief.sentences)]
    number = int.from_bytes(random, "big")
    true = {one.text for one in lines}
    for _ in range(planted):
        number, place = divmod(number, len(brief.sentences))
        number, fault = divmod(number, len(FAULTS))
        source = brief.sentences[place]
        text = _spoiled(source.text, fault, true)
        number, at = divmod(number, len(lines) + 1)
        lines.insert(at, Item(text=text, spans=source.spans, sentence=-1))
    return tuple(lines)


def _spoiled(text: str, first: int, true: set[str]) -> str:
    for turn in range(len(FAULTS)):
        changed = FAULTS[(first + turn) % len(FAULTS)](text)
        if changed not in true:
            return changed
    return f"It is not so that {text[:1].lower()}{text[1:]}"


def _another_number(text: str) -> str:
    return re.sub(r"\d(?!.*\d)", lambda found: str((int(found.group()) + 3) % 10), text, count=1)


def _another_identifier(text: str) -> str:
    return re.sub(r"(CVE-\d{4}-)(\d)", lambda found: f"{found[1]}{(int(found[2]) + 4) % 9 + 1}", text, count=1)


def _surer(text: str) -> str:
    return re.sub(r"\b(may|might|could)\b", "will", text, count=1)


def _denied(text: str) -> str:
    verbs = r"\b(is|are|was|were|will|may|can|has|have|must|should)\b(?! not)"
    return re.sub(verbs, r"\1 not", text, count=1)


def _overstated(text: str) -> str:
    return re.sub(r"\b(some|several|many|certain|multiple)\b", "all", text, count=1, flags=re.IGNORECASE)


FAULTS: Final[tuple[Callable[[str], str], ...]] = (
    _another_number,
    _another_identifier,
    _surer,
    _denied,
    _overstated,
)
"""What a planted error is: a wrong number, id, certainty, denial or amount."""


def _may_move(record: Record, to: ReviewState) -> None:
    if to not in MOVES[record.brief.review_state]:
        raise Conflict(f"brief {record.id} is {record.brief.review_state}; it cannot become {to} from there")


def _sitting(record: Record, reviewer: PartyId) -> Sitting:
    if record.sitting is None:
        raise Conflict(f"brief {record.id} is {record.brief.review_state}: begin a review first")
    if record.sitting.reviewer != reviewer:
        raise Forbidden("somebody else sits over this brief")
    return record.sitting
