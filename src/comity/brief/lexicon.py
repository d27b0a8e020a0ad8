"""Words that change what a sentence claims: negation, how sure it is, who says so, how many, and opposites.

English only. The lists are ours and short on purpose: each entry can block a brief, so each must be clear by itself.
Rungs are those of the certainty lock: a brief never stands higher than its span.
"""

from typing import Final

from comity.brief.sentences import listed

NEGATORS: Final = frozenset(
    listed(
        "not no never none nobody nothing neither nor without cannot can't won't don't doesn't didn't isn't "
        "aren't wasn't weren't hasn't haven't hadn't couldn't shouldn't wouldn't hardly barely unlikely"
    )
)
"""Words that deny what follows them."""

DENYING_VERBS: Final = frozenset(
    listed(
        "fail deny deni refus reject decline declin oppos prevent avoid stop lack exclud omit cease ceas halt "
        "block ban prohibit forbid forbad"
    )
)
"""Stems of verbs that turn round what follows them: failed to, denied that, refused to."""

RUNGS: Final[dict[str, int]] = {
    **dict.fromkeys(listed("might could may possibly perhaps maybe potentially possible potential"), 1),
    **dict.fromkeys(listed("suspected unconfirmed rumoured rumored speculated suggests suggest"), 1),
    **dict.fromkeys(listed("appears appear seems seem apparently believed likely probably"), 2),
    **dict.fromkeys(listed("should would can plans planned plan proposes proposed proposal draft"), 2),
    **dict.fromkeys(listed("intends intend aims aim expects expected considers considering hopes"), 2),
    **dict.fromkeys(listed("preliminary provisional tentative estimated projected pending seeks"), 2),
    **dict.fromkeys(("will", "shall", "must"), 3),
}
"""How sure a sentence is: 1 possible, 2 likely or intended, 3 announced. Without such a word: 4, a fact."""

FACT: Final = 4
CERTAIN: Final = frozenset(
    listed(
        "certainly definitely undoubtedly guaranteed inevitably confirmed proven always finally conclusively clearly"
    )
)
"""Words that claim more than a plain statement: they must be in the span."""

ATTRIBUTION: Final = frozenset(
    listed(
        "said says say told tells stated states claimed claims claim reported reports reportedly alleged "
        "alleges allegedly according announced announces argued argues warned warns noted notes added "
        "believes suggested testified accused accuses asserted asserts contends contended disclosed "
        "acknowledged confirmed confirms estimates estimated purported purportedly disputed described "
        "explained wrote"
    )
)
"""Words by which a sentence says whose claim it is."""

SPEAKING: Final = ATTRIBUTION - {
    "reportedly",
    "allegedly",
    "according",
    "alleged",
    "purported",
    "purportedly",
    "disputed",
}
"""Of these, the verbs that have a speaker."""

QUANTITY: Final[dict[str, int]] = {
    **dict.fromkeys(("few", "some", "several", "certain", "selected"), 1),
    **dict.fromkeys(("many", "numerous"), 2),
    **dict.fromkeys(("most", "majority", "mostly", "largely", "generally"), 3),
    **dict.fromkeys(listed("all every each always entire everyone only exclusively whole"), 4),
}
"""How much of a group is meant; a brief never says a larger share than its span."""

CAUSE: Final = frozenset(listed("because caused causes due therefore thus consequently blamed triggered"))
"""Words that claim a cause."""

STAGES: Final[tuple[tuple[str, ...], ...]] = (
    listed("draft proposed proposal proposes planned preliminary provisional interim pending"),
    (
        "final",
        "finalised",
        "finalized",
        "adopted",
        "adopts",
        "enacted",
        "enacts",
        "approved",
        "approves",
        "signed",
        "complete",
    ),
)
"""A document at the first stage must not appear at the second."""

BOUNDS: Final[dict[str, tuple[str, ...]]] = {
    "at most": ("up to", "at most", "no more than", "as many as", "as much as", "fewer than", "less than", "under",
                "below",
                "not more than", "a maximum of", "within"),
    "at least": ("at least", "no fewer than", "no less than", "more than", "over", "above", "a minimum of",
                 "exceeding"),
    "about": ("about", "around", "approximately", "roughly", "nearly", "almost", "some", "an estimated", "estimated"),
}  # fmt: skip
"""What stands before a number: it may be kept, never dropped or turned round."""

OPPOSITES: Final = tuple(
    tuple(pair.split("/"))
    for pair in listed(
        "increase/decrease increase/reduce increase/lower increase/decline raise/lower raise/cut rise/fall "
        "rise/drop grow/shrink gain/lose gain/loss more/less more/fewer higher/lower high/low maximum/minimum "
        "maximize/minimize maximise/minimise improve/worsen improve/degrade improve/harm improvement/decline "
        "enhance/reduce enhance/diminish boost/reduce boost/hinder boost/decrease expand/contract "
        "expand/limit extend/shorten extend/limit accept/reject accept/decline agree/disagree agree/refuse "
        "allow/forbid allow/prohibit allow/ban allow/prevent allow/block approve/reject approve/deny "
        "permit/forbid support/oppose support/reject include/exclude include/omit add/remove adding/removing "
        "insert/remove enable/disable enable/prevent start/stop start/end start/finish begin/end open/close "
        "opened/closed before/after early/late earlier/later first/last previous/next old/new young/old "
        "past/future recent/old recent/previous present/absent same/different similar/different "
        "equal/different simple/complex simple/complicated easy/hard easy/difficult hard/soft strong/weak "
        "strength/weakness good/bad better/worse best/worst positive/negative success/failure "
        "successful/failed succeed/fail win/lose won/lost pass/fail true/false right/wrong correct/incorrect "
        "safe/dangerous secure/vulnerable safety/danger public/private internal/external inside/outside "
        "inner/outer global/local national/local domestic/foreign domestic/international federal/state "
        "short/long small/large big/small large/little great/small wide/narrow broad/narrow deep/shallow "
        "thick/thin heavy/light fast/slow quick/slow quickly/slowly rapid/slow cheap/expensive "
        "affordable/expensive low-cost/expensive free/paid rich/poor hot/cold warm/cold dry/wet bright/dark "
        "full/empty fixed/variable fixed/flexible static/dynamic active/passive active/inactive "
        "manual/automatic single/multiple one/many few/many some/all none/all all/none always/never "
        "often/rarely often/seldom frequently/rarely usually/rarely common/rare general/specific "
        "broad/specific generic/specific standard/custom personalized/generic customized/generic "
        "tailored/generic customized/pre-selected normal/abnormal natural/artificial real/fake "
        "real/artificial actual/hypothetical theoretical/practical theory/practice supervised/unsupervised "
        "voluntary/mandatory voluntary/compulsory optional/mandatory optional/required required/optional "
        "require/waive buy/sell buyer/seller sell/purchase lend/borrow give/take send/receive push/pull "
        "attack/defend attacker/victim employer/employee teacher/student parent/child import/export "
        "upload/download encrypt/decrypt encode/decode attach/detach connect/disconnect link/separate "
        "join/leave merge/split combine/separate collaboration/competition cooperation/competition "
        "cooperate/compete unify/divide together/separately love/hate like/dislike happy/unhappy "
        "satisfied/dissatisfied interested/uninterested optimistic/pessimistic confident/doubtful "
        "certain/uncertain certainty/uncertainty clear/unclear known/unknown familiar/unfamiliar "
        "visible/hidden limited/unlimited finite/infinite abundant/scarce scarce/plentiful "
        "sufficient/insufficient enough/insufficient adequate/inadequate efficient/inefficient "
        "effective/ineffective relevant/irrelevant important/unimportant important/trivial "
        "necessary/unnecessary useful/useless helpful/harmful beneficial/harmful benefit/harm "
        "advantage/disadvantage pro/con help/hinder help/hurt facilitate/hinder accelerate/slow "
        "accelerate/delay encourage/discourage motivate/demotivate inspire/discourage promote/discourage "
        "promote/hinder create/destroy build/destroy construct/destroy preserve/destroy protect/harm "
        "protect/expose keep/discard keep/remove keep/change retain/lose save/waste save/spend "
        "remember/forget reveal/hide reveal/conceal publish/withhold disclose/conceal display/hide show/hide "
        "teach/learn ask/answer question/answer praise/criticize praise/criticise recommend/discourage "
        "endorse/oppose confirm/deny admit/deny acknowledge/deny guilty/innocent legal/illegal "
        "lawful/unlawful valid/invalid formal/informal direct/indirect dependent/independent "
        "dependence/independence linear/nonlinear linear/non-linear convex/concave parametric/nonparametric "
        "continuous/discrete sparse/dense discrete/continuous homogeneous/heterogeneous uniform/diverse "
        "diverse/uniform balanced/imbalanced stable/unstable robust/fragile robust/vulnerable rigid/flexible "
        "tight/loose relaxed/strict strict/lenient severe/mild mild/severe major/minor main/secondary "
        "primary/secondary key/minor central/peripheral upper/lower top/bottom front/back left/right "
        "north/south east/west eastern/western northern/southern vertical/horizontal input/output "
        "source/target generator/discriminator encoder/decoder prior/posterior upstream/downstream "
        "online/offline monthly/annual monthly/yearly weekly/monthly daily/weekly annually/monthly "
        "daily/monthly hourly/daily day/night morning/evening morning/afternoon man/woman men/women "
        "male/female husband/wife son/daughter mother/father brother/sister boy/girl king/queen he/she "
        "his/her him/her adult/child majority/minority profit/loss asset/liability income/expense "
        "credit/debit surplus/deficit plus/minus above/below over/under with/without existing/new "
        "novel/traditional novel/existing novel/conventional modern/traditional modern/outdated "
        "innovative/traditional innovative/outdated advanced/basic premium/basic experienced/inexperienced "
        "expert/novice professional/amateur skilled/unskilled comprehensive/limited comprehensive/basic "
        "extensive/limited wide/limited complete/partial complete/incomplete fully/partially entirely/partly "
        "total/partial temporary/permanent permanent/temporary initial/final initially/finally "
        "potential/existing current/former current/previous current/future upcoming/past "
        "available/unavailable ready/unready possible/impossible likely/unlikely able/unable "
        "willing/unwilling aware/unaware mutual/unilateral individual/group individual/collective "
        "personal/impersonal competitive/uncompetitive reasonable/unreasonable exceptional/poor "
        "excellent/poor superior/inferior outperform/underperform exceed/trail overestimate/underestimate "
        "overfit/underfit faster/slower cheaper/costlier larger/smaller longer/shorter stronger/weaker "
        "easier/harder bigger/smaller older/younger newer/older deeper/shallower wider/narrower "
        "lighter/heavier closer/farther nearest/farthest most/least"
    )
)
"""Pairs of opposites. One in the brief that its span lacks, while the span has the other, is a turned meaning."""

PREFIXES: Final = listed("un in im ir il non non- dis de mis anti anti-")
"""Prefixes that turn a word round when the rest is a word of its own in the other text."""
