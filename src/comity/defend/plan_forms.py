"""The forms of words of a remediation plan, and whether a text is one of them: what a sentence may say, and how.

Each kind of sentence has one form with slots. A text fits when it consists of nothing but: the form's slots with
exactly the values that the cited records give, each behind the words that say which value it is; words of the form; a
closed list of words that claim nothing; and the form's turning words (no, not, may, before, ...), each as often as in
the form. Digits, names, addresses or symbols outside a slot never fit. So a text can be worded, ordered and shortened,
and cannot say more, less or something else.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from comity.model.plan import RecordKind, SentenceKind

Slots: TypeAlias = Mapping[str, str]
"""Values by slot, as they are shown."""
Cue: TypeAlias = tuple[str, ...]
"""The tokens right before a slot: words in lower case, slots as `{name}`."""

CUED: Final = frozenset(
    [
        "version",
        "fix",
        "count",
        "left",
        "open",
        "row",
        "due",
        "start",
        "kev_due",
        "added",
        "planned",
        "exposure",
        "kev",
        "automatable",
        "impact",
        "governing",
    ]
)
"""Slots that could be mistaken for another one: they must stand behind their own words."""
COMMON: Final = frozenset(
    [
        "a",
        "also",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "for",
        "have",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "please",
        "so",
        "that",
        "the",
        "then",
        "there",
        "this",
        "those",
        "which",
        "with",
    ]
)
"""Words that claim nothing by themselves."""
TURNING: Final = frozenset(
    [
        "all",
        "always",
        "any",
        "away",
        "before",
        "cannot",
        "cleared",
        "clears",
        "earlier",
        "except",
        "first",
        "from",
        "if",
        "later",
        "left",
        "lists",
        "may",
        "must",
        "never",
        "no",
        "nobody",
        "none",
        "not",
        "only",
        "or",
        "overdue",
        "settle",
        "since",
        "started",
        "than",
        "undecided",
        "unless",
        "until",
        "unknown",
        "untrusted",
        "waits",
        "without",
        "yet",
    ]
)
"""Words that turn a sentence's meaning: each stays as often as the form has it."""

_SLOT: Final = re.compile(r"\{([a-z_]+)\}")
_TOKEN: Final = re.compile(r"\{[a-z_]+\}|[A-Za-z]+(?:['-][A-Za-z]+)*|[.,;:()]")
_WORD: Final = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:/+~-]{0,99}\Z")
_DIRECTIVE: Final = re.compile(r"[A-Z]{2,6} [0-9]{2}-[0-9]{2}\Z")
LONGEST: Final = 600
"""Characters of one sentence."""
LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of sentence: its words, the records it cites, and what else a rewording may use."""

    words: str
    needs: tuple[RecordKind, ...]
    """One record of each of these kinds is cited."""
    many: tuple[RecordKind, ...] = ()
    """Of these kinds, all records that bear on it are cited, and none is left out."""
    extra: frozenset[str] = frozenset()
    """Words that a rewording may use beside the form's own."""
    cues: Mapping[str, tuple[Cue, ...]] = field(default_factory=dict)
    """Further tokens a slot may stand behind."""
    may_go: bool = False
    """True: a shorter plan may leave the sentence out."""


ASSET, COMPONENT, FEED, ADVISORY = RecordKind.ASSET, RecordKind.COMPONENT, RecordKind.FEED, RecordKind.ADVISORY
KEV, SSVC, EXPOSURE, DEADLINE = RecordKind.KEV, RecordKind.SSVC, RecordKind.EXPOSURE, RecordKind.DEADLINE
FINDING = RecordKind.FINDING

FORMS: Final[Mapping[SentenceKind, Form]] = {
    SentenceKind.COUNT: Form(
        words="Vulnerabilities to treat on {asset}: {count}; undecided: {open}.",
        needs=(ASSET,),
        many=(DEADLINE,),
    ),
    SentenceKind.UPGRADE: Form(
        words="Upgrade {component} on {asset} from {version} to {fix}; vulnerabilities cleared: {count}, left: {left}.",
        needs=(ASSET, COMPONENT, FEED),
        many=(ADVISORY,),
        extra=frozenset({"update", "move", "raise"}),
        cues={"version": (("{component}", "from"),)},
    ),
    SentenceKind.PARTIAL: Form(
        words="No advisory names a version that clears {component} on {asset} whole; "
        "upgrade it from {version} to {fix}; vulnerabilities cleared: {count}, left: {left}.",
        needs=(ASSET, COMPONENT, FEED),
        many=(ADVISORY,),
        extra=frozenset({"update", "move", "raise"}),
        cues={"version": (("{component}", "from"), ("{asset}", "from"))},
    ),
    SentenceKind.MAJOR: Form(
        words="The step of {component} from {version} to {fix} may break what uses it: {step}; test it first.",
        needs=(ASSET, COMPONENT, FEED),
        many=(ADVISORY,),
        may_go=True,
    ),
    SentenceKind.NO_FIX: Form(
        words="No advisory names a version that clears {component} {version} on {asset}; vulnerabilities left: {left}.",
        needs=(ASSET, COMPONENT, FEED),
        many=(ADVISORY,),
    ),
    SentenceKind.UNSOLVED: Form(
        words="Which version clears {component} {version} on {asset} cannot be said: {reason}.",
        needs=(ASSET, COMPONENT, FEED),
        many=(ADVISORY,),
    ),
    SentenceKind.SHIELD: Form(
        words="Until a fix is in, keep untrusted networks away from {asset}.",
        needs=(ASSET, EXPOSURE),
        extra=frozenset({"fixed", "shield", "networks"}),
    ),
    SentenceKind.REACHED: Form(
        words="{vulnerability} reaches {component} {version} on {asset}, says {advisory}.",
        needs=(ASSET, COMPONENT, ADVISORY),
        extra=frozenset({"affects"}),
        cues={"version": (("{component}",),)},
    ),
    SentenceKind.POSSIBLE: Form(
        words="{vulnerability} may reach {component} {version} on {asset}; {advisory} does not settle it.",
        needs=(ASSET, COMPONENT, ADVISORY),
        extra=frozenset({"affect"}),
        cues={"version": (("{component}",),)},
    ),
    SentenceKind.EXPLOITED: Form(
        words="CISA lists {vulnerability} as known to be exploited, since {added}.",
        needs=(KEV,),
        extra=frozenset({"exploited", "known"}),
        cues={"added": (("{vulnerability}", "since"),)},
    ),
    SentenceKind.ROW: Form(
        words="{directive}, row {row}: {tier}, for {vulnerability} on {asset} with publicly exposed {exposure}, "
        "in KEV {kev}, automatable {automatable}, technical impact {impact}.",
        needs=(DEADLINE, KEV, EXPOSURE),
        many=(SSVC,),
        may_go=True,
    ),
    SentenceKind.DUE: Form(
        words="Fix {vulnerability} on {asset} by {due}; the clock started on {start}: {event}.",
        needs=(DEADLINE, FINDING, KEV),
        cues={"due": (("{vulnerability}", "by"),), "start": (("clock", "started", "on"),)},
    ),
    SentenceKind.OVERDUE: Form(
        words="{vulnerability} on {asset} has been overdue since {due}.",
        needs=(DEADLINE,),
        cues={"due": (("overdue", "since"),)},
    ),
    SentenceKind.KEV_DUE: Form(
        words="The KEV catalogue itself says {kev_due} for {vulnerability}; the date that governs is the {governing}.",
        needs=(DEADLINE, KEV),
    ),
    SentenceKind.NEXT_UPGRADE: Form(
        words="Fix {vulnerability} with the upgrade of {asset} that is planned for {planned}.",
        needs=(DEADLINE, ASSET),
        cues={"planned": (("planned", "for"), ("upgrade", "on"))},
    ),
    SentenceKind.NO_UPGRADE_DATE: Form(
        words="{vulnerability} waits for the next upgrade of {asset}, and none is planned: set a date.",
        needs=(DEADLINE, ASSET),
    ),
    SentenceKind.UNDECIDED: Form(
        words="{directive} cannot be applied to {vulnerability} on {asset} yet: a person must find out {missing}.",
        needs=(DEADLINE,),
    ),
    SentenceKind.UNTIMED: Form(
        words="No date can be given for {vulnerability} on {asset}: {reason}.",
        needs=(DEADLINE,),
    ),
    SentenceKind.TRIAGE: Form(
        words="Collect volatile evidence from {asset} before anything on it is changed: "
        "{directive} asks for a forensic triage because of {vulnerability}.",
        needs=(DEADLINE,),
    ),
    SentenceKind.ASSUMED: Form(
        words="Nobody knows everything that {directive} asks about {vulnerability} on {asset}; assumed by {assumed}.",
        needs=(DEADLINE,),
    ),
    SentenceKind.ADVICE_ONLY: Form(
        words="{directive} binds nobody here: its dates are used as advice.",
        needs=(DEADLINE,),
    ),
}


def name(value: str) -> str:
    """A name out of a record as a sentence shows it: as it is when it is one plain word, else in quotation marks.

    Names are strangers' text. In quotes, without control characters and cut to length, they stay a name.
    """
    if _PLAIN.match(value) or _DIRECTIVE.match(value):
        return value
    printable = "".join(c if c.isprintable() and c != '"' else " " for c in value)
    return f'"{" ".join(printable.split())[:LONGEST_NAME] or "no name"}"'


def written(kind: SentenceKind, slots: Slots) -> str:
    """The form with its slots filled in."""
    return filled(FORMS[kind].words, slots)


def filled(words: str, slots: Slots) -> str:
    """Words with `{slots}` filled in; a slot that there is none of stays as it stands, and will not fit."""
    return _SLOT.sub(lambda found: slots.get(found[1], found[0]), words)


def slots_of(kind: SentenceKind) -> tuple[str, ...]:
    """The slots of a form, in order."""
    return tuple(_SLOT.findall(FORMS[kind].words))


def misfit(kind: SentenceKind, slots: Slots, text: str) -> str:
    """Why a text is not this form with these values; "" when it is."""
    if len(text) > LONGEST:
        return f"a sentence has at most {LONGEST} characters"
    unread: list[str] = []
    judged: list[str] = []
    for tokens in _readings(text, 0, dict(slots), (), unread):
        reason = _judged(kind, tokens)
        if not reason:
            return ""
        judged.append(reason)
    return next(iter((*judged, *unread)), "the text is empty")


def _readings(
    text: str, start: int, left: Mapping[str, str], tokens: tuple[str, ...], reasons: list[str]
) -> Iterator[tuple[str, ...]]:
    """Every way to read a text as slots, words and marks; each slot at most once, a longer value before a shorter."""
    while start < len(text) and text[start] == " ":
        start += 1
    if start == len(text):
        yield tokens
        return
    for slot, value in sorted(left.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        end = start + len(value)
        if value and text.startswith(value, start) and _ends(text, end):
            rest = {name_: other for name_, other in left.items() if name_ != slot}
            yield from _readings(text, end, rest, (*tokens, f"{{{slot}}}"), reasons)
    found = _WORD.match(text, start)
    if found and _ends(text, found.end()):
        yield from _readings(text, found.end(), left, (*tokens, found[0].lower()), reasons)
    elif text[start] in ".,;:()":
        yield from _readings(text, start + 1, left, (*tokens, text[start]), reasons)
    else:
        reasons.append(f"at character {start + 1} stands something that no cited record holds")


def _ends(text: str, at: int) -> bool:
    """A token ends where the text does, before a blank or a mark of punctuation."""
    return at == len(text) or text[at] == " " or (text[at] in ".,;:()" and (at + 1 == len(text) or text[at + 1] == " "))


def _judged(kind: SentenceKind, tokens: Sequence[str]) -> str:
    form = FORMS[kind]
    own = _TOKEN.findall(form.words)
    words = [token for token in tokens if _WORD.fullmatch(token)]
    ours = [token.lower() for token in own if _WORD.fullmatch(token)]
    if not tokens or tokens[-1] != ".":
        return "a sentence ends with a full stop"
    if tokens.count(".") != 1:
        return "one sentence says one thing: there is more than one full stop"
    strange = [word for word in words if word not in ours and word not in COMMON and word not in form.extra]
    if strange:
        return f"the word {strange[0]!r} is not one that this kind of sentence may use"
    said, meant = (Counter(word for word in side if word in TURNING) for side in (words, ours))
    if said != meant:
        turned = sorted((said - meant) + (meant - said))
        return f"the word {turned[0]!r} turns the meaning: it stands as often as in the form, or not at all"
    missing = [slot for slot in slots_of(kind) if f"{{{slot}}}" not in tokens]
    if missing:
        return f"it does not say the {missing[0].replace('_', ' ')} that the records give"
    return _miscued(kind, tokens, own)


def _miscued(kind: SentenceKind, tokens: Sequence[str], own: Sequence[str]) -> str:
    said, meant = ([t.lower() for t in side if t not in {".", ",", ";", ":", "(", ")"}] for side in (tokens, own))
    for slot in slots_of(kind):
        if slot not in CUED:
            continue
        token = f"{{{slot}}}"
        home = tuple(meant[max(0, meant.index(token) - 2) : meant.index(token)])
        before = tuple(said[: said.index(token)])
        allowed = (home, *FORMS[kind].cues.get(slot, ()))
        if not any(before[len(before) - len(cue) :] == cue for cue in allowed if len(cue) <= len(before)):
            return f"the {slot.replace('_', ' ')} does not stand behind its own words: {' '.join(home)}"
    return ""
