"""The rules of joining reports: identity merges, likeness links, text and class do neither, absence is silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.clearing import combine, flow_compare, profile
from comity.clearing.combine import Cross, Opinion, decide, signals
from comity.clearing.deconflict import Fingerprint
from comity.errors import Invalid
from comity.model.case import Disputed, New, Same
from comity.model.ids import CaseId, ReportId
from comity.model.product import Symbol
from comity.model.report import Finding
from tests.clearing.findings import FINDING, YAML, without_alias

AT = datetime(2026, 6, 10, tzinfo=UTC)
ONE, TWO = CaseId("C-0000-0000-0001"), CaseId("C-0000-0000-0002")
PATCH = b"""--- a/yaml/constructor.py
+++ b/yaml/constructor.py
@@ -570,3 +570,4 @@ def make_python_instance
     data = self.construct(node)
-    return cls.__new__(cls, *args)
+    raise ConstructorError(None, None, "not allowed", node.start_mark)
"""
MOVED = PATCH.replace(b"@@ -570,3 +570,4 @@", b"@@ -612,3 +640,4 @@").replace(b"    return cls", b"\treturn cls")


def profiled(finding: Finding, name: str = "R-1", *, patches=(), at: datetime = AT) -> profile.Profile:
    return profile.profile_of(ReportId(name), finding, at=at, patches=patches)


def opinion(one: Finding, other: Finding, **more) -> Opinion:
    mine, theirs = (more.pop(name, ()) for name in ("mine", "theirs"))
    return combine.weigh(
        profiled(one, "R-1", patches=mine),
        profiled(other, "R-2", patches=theirs),
        weights=flow_compare.weights(),
        model=flow_compare.model(),
        **more,
    )


def verdict(*opinions: Opinion):
    cases = (ONE, TWO)
    return decide(flow_compare.weights(), {case: [o] for case, o in zip(cases, opinions, strict=False)})


def test_the_same_change_to_the_same_file_is_one_case_wherever_the_lines_stand() -> None:
    answer = verdict(opinion(without_alias(), without_alias(), mine=[PATCH], theirs=[MOVED]))
    assert isinstance(answer, Same)
    assert answer.case == ONE
    assert answer.reasons == ("both bring the same change to the same file, normalised",)
    assert answer.probability is not None
    assert answer.probability > 0.9


def test_another_change_to_the_same_file_is_no_identity() -> None:
    other = PATCH.replace(b"not allowed", b"refused here")
    assert not isinstance(verdict(opinion(without_alias(), without_alias(), mine=[PATCH], theirs=[other])), Same)


def test_each_fix_silencing_the_others_proof_merges_and_one_that_does_not_bars_any_merge() -> None:
    both = Cross(ours_silences_theirs=True, theirs_silences_ours=True)
    assert isinstance(verdict(opinion(without_alias(), without_alias(), cross=both)), Same)
    one_way = Cross(ours_silences_theirs=True, theirs_silences_ours=False)
    prints = [Fingerprint("identifier", "CVE-2020-14343")]
    answer = verdict(opinion(FINDING, FINDING, cross=one_way, prints=prints))
    assert isinstance(answer, Disputed)
    assert "but one's fix does not silence the other's proof" in answer.reasons


def test_an_identifier_does_not_merge_reports_that_name_different_fixes() -> None:
    prints = [Fingerprint("identifier", "CVE-2020-14343")]
    mine, theirs = (replace(FINDING, fixed_commits=(letter * 40,)) for letter in "ab")
    answer = verdict(opinion(mine, theirs, prints=prints))
    assert isinstance(answer, Disputed)
    assert "but they name different fixing commits" in answer.reasons


def test_equal_text_and_weakness_class_in_one_package_link_nothing() -> None:
    said = replace(without_alias(), symbols=())
    found = opinion(said, said)
    assert not found.structural
    assert verdict(found) == New()


def test_the_same_function_is_shown_to_a_person_and_never_merged() -> None:
    answer = verdict(opinion(without_alias(), without_alias()))
    assert isinstance(answer, Disputed)
    assert answer.cases == (ONE,)
    assert "for: same function of the same file" in answer.reasons


def test_what_one_side_does_not_say_speaks_neither_for_nor_against() -> None:
    bare = Finding(summary="a weakness", affected=(YAML,))
    names = signals(profiled(bare), profiled(without_alias()))
    assert not {name for name in names if name not in {"near", "versions", "fixed version"}}


def test_another_package_is_never_alike() -> None:
    other = replace(without_alias(), affected=(replace(YAML, purl="pkg:pypi/ruamel.yaml", name="ruamel.yaml"),))
    assert opinion(without_alias(), other).probability == 0.0
    assert verdict(opinion(without_alias(), other)) == New()


def test_two_cases_with_an_identity_are_disputed() -> None:
    prints = [Fingerprint("identifier", "CVE-2020-14343")]
    answer = verdict(opinion(FINDING, FINDING, prints=prints), opinion(FINDING, FINDING, prints=prints))
    assert isinstance(answer, Disputed)
    assert answer.cases == (ONE, TWO)


SYMBOLS = st.lists(
    st.builds(Symbol, file=st.sampled_from(["", "a.c", "b.c"]), function=st.sampled_from(["", "f", "g"])), max_size=2
)
FINDINGS = st.builds(
    lambda symbols, cwes, fixes, origins: replace(
        without_alias(), symbols=tuple(symbols), cwes=tuple(cwes), fixed_commits=fixes, introduced_commits=origins
    ),
    SYMBOLS,
    st.lists(st.sampled_from(["CWE-20", "CWE-787"]), max_size=1),
    st.sampled_from([(), ("a" * 40,), ("b" * 40,)]),
    st.sampled_from([(), ("c" * 40,)]),
)


@given(FINDINGS, FINDINGS)
def test_the_order_of_two_reports_changes_nothing(one: Finding, other: Finding) -> None:
    first, second = opinion(one, other), opinion(other, one)
    assert (first.probability, first.identity, first.bars) == (second.probability, second.identity, second.bars)
    assert sorted(first.reasons) == sorted(second.reasons)


@given(st.lists(FINDINGS, min_size=1, max_size=4), st.randoms())
def test_the_order_of_open_cases_changes_nothing(held: list[Finding], shuffle) -> None:
    opinions = {CaseId(f"C-{place}"): [opinion(FINDING, one)] for place, one in enumerate(held)}
    names = list(opinions)
    shuffle.shuffle(names)
    weights = flow_compare.weights()
    assert decide(weights, opinions) == decide(weights, {name: opinions[name] for name in names})


def test_keys_are_bounded_and_none_is_given_without_a_package() -> None:
    many = replace(
        FINDING,
        symbols=tuple(Symbol(file=f"{n}.c", function=f"f{n}") for n in range(60)),
        crash_frames=tuple(f"frame{n}" for n in range(60)),
    )
    assert 0 < len(profile.keys(profiled(many))) <= 40
    assert profile.keys(profiled(replace(many, affected=()))) == ()


def test_a_bulk_patch_says_nothing_about_one_weakness() -> None:
    assert profile.hunks(PATCH) == profile.hunks(MOVED)
    assert profile.hunks(PATCH * 40 + b"\n".join(b"+++ b/f%d\n+line" % n for n in range(60))) == frozenset()


def test_texts_are_compared_without_the_identifiers_in_them() -> None:
    words = "a document with a python object tag is built by the full loader of the package"
    with_id = profile.minima(f"CVE-2020-14343 {words}")
    assert profile.alike(with_id, profile.minima(f"{words} GHSA-8q59-q68h-6hv4")) == 1.0
    assert profile.alike(with_id, ()) is None


def test_time_apart_is_a_signal_only_at_its_ends() -> None:
    later = profiled(without_alias(), "R-2", at=AT + timedelta(days=100))
    assert not signals(profiled(without_alias()), later) & {"near", "far"}


def test_weights_must_name_every_signal_once() -> None:
    with pytest.raises(Invalid) as error:
        combine.read_weights(b'{"origin": "", "base": 0, "link_at": 0.5, "learned": [], "weights": {"nonsense": 1}}')
    assert {"/weights/nonsense", "/weights/place"} <= {problem.pointer for problem in error.value.problems}
