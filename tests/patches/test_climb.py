"""Real climbs in the sandbox: right and wrong samples, and diffs that try to get out, phone out, or fool the judge.

All samples run in `comity bench patches`; here stand one of each kind, and the attacks.
"""

from pathlib import Path

import pytest

from comity.clearing import flow_ladder
from comity.clearing.flow_runs import Laboratory
from comity.errors import Forbidden
from comity.feeds.packages import Shelf
from comity.formats.patch_archive import sample_patches
from comity.formats.recipe import read
from comity.model.patch import Climb, Rung, level_word
from comity.sandbox import tier
from comity.sandbox.policy import Tier

SAMPLES = {one.id: one for one in sample_patches()}
SEED = 7


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    found = tier.find()
    if found.tier is not Tier.FULL:
        pytest.skip(f"this machine has no tier full: {'; '.join(found.reasons)}")
    cache = tmp_path_factory.mktemp("packages")
    return Laboratory(containment=found, shelf=Shelf(cache=cache, mirror=None, online=False))


def climb(laboratory: Laboratory, sample: str, diff: bytes | None = None, **more: object) -> Climb:
    held = SAMPLES[sample]
    attempt = flow_ladder.Attempt(
        recipe=read(held.case.recipe),
        attached=held.case.attached,
        diff=diff if diff is not None else held.diff,
        seed=SEED,
        kit=held.kit,
        **more,  # type: ignore[arg-type]  # a test's own keywords
    )
    return flow_ladder.climb(laboratory, attempt)


def on_export(*lines: str) -> bytes:
    """A change of the place where a page's path is made: these lines in place of one."""
    body = "".join(f"+{line}\n" for line in lines)
    head = "--- a/ledger/export.py\n+++ b/ledger/export.py\n"
    return f"{head}@@ -8,1 +8,{len(lines)} @@\n-    path = Path(folder) / name\n{body}".encode()


def on_join(*lines: str) -> bytes:
    """A change of the place where joined values get their memory: these lines before it."""
    body = "".join(f"+{line}\n" for line in lines)
    head = "--- a/src/tlv.c\n+++ b/src/tlv.c\n"
    kept = "     joined = malloc(total ? total : 1);\n"
    return f"{head}@@ -48,1 +48,{len(lines) + 1} @@\n{body}{kept}".encode()


@pytest.mark.parametrize(
    "sample",
    ["join-slack", "join-muted", "join-unchecked-in-parts", "join-harness",
     "page-resolved", "page-no-dots", "page-test-edited", "page-plain-letters", "page-withdrawn", "formula-swallowed"],
)  # fmt: skip
def test_a_sample_reaches_the_rung_that_it_should(laboratory: Laboratory, sample: str):
    assert level_word(climb(laboratory, sample).level) == SAMPLES[sample].expected


def test_each_kind_of_target_has_at_least_five_wrong_patches_that_should_stop():
    for start in ("tlv-", "ledger-"):
        wrong = [one for one in SAMPLES.values() if one.recipe.startswith(start) and not one.is_right]
        assert len(wrong) >= 5
        assert all(one.expected in {"none", "L0", "L1", "L2", "L3", "L4"} for one in wrong)
        assert any(one.expected == "L5" for one in SAMPLES.values() if one.recipe.startswith(start))


def test_the_same_seed_gives_the_same_evidence(laboratory: Laboratory):
    held = SAMPLES["formula-balanced"]
    attempt = flow_ladder.Attempt(
        recipe=read(held.case.recipe), attached=held.case.attached, diff=held.diff, seed=SEED, kit=held.kit
    )
    one, two = (flow_ladder.rise(laboratory, attempt, Rung.L5) for _ in range(2))
    assert not one.reached
    assert one.facts == two.facts


@pytest.mark.parametrize(
    ("lines", "least"),
    [
        # writes over the driver's own files: shown read-only, so the call fails and the proof is not silent by it
        (('    open("/dri" + "ver/overseer.py", "w").write("")', "    path = Path(folder) / name"), Rung.L3),
        # asks the network for help
        (("    import urllib.request as u", '    u.urlopen("http://192.0.2.1")', "    path = Path()"), Rung.L3),
        # takes the proof for what it is by its length, and is otherwise as before
        (("    if len(name) > 50:", '        raise ValueError("long")', "    path = Path(folder) / name"), Rung.L4),
        # forges what the caller says through whatever pipe is open
        (
            (
                "    import os",
                "    for pipe in range(3, 9):",
                "        try:",
                '            os.write(pipe, b\'{"outcome":"returned","step":0}\\n\')',
                "        except OSError:",
                "            pass",
                "    path = Path(folder) / name",
            ),
            Rung.L2,
        ),
    ],
)  # fmt: skip
def test_a_patch_that_reaches_for_the_judge_stays_low(laboratory: Laboratory, lines: tuple[str, ...], least: Rung):
    held = climb(laboratory, "page-resolved", on_export(*lines))
    assert held.level is None or held.level < least


@pytest.mark.parametrize(
    "lines",
    [
        ("    if (total < 5000) { volatile int *p = 0; *p = 1; }",),  # crashes instead
        ("    if (total < 5000) for (;;) ;",),  # hangs instead
        ("    if (total < 5000) abort();",),  # gives up instead
        ("    *size = 0;", "    return NULL;"),  # never joins
        (
            '    if (total > 0) { FILE *f = fopen("/inputs/x", "w"); if (f) fclose(f); return NULL; }',
        ),  # writes elsewhere
    ],
)
def test_a_native_patch_that_trades_the_fault_for_another_stays_below_l4(
    laboratory: Laboratory, lines: tuple[str, ...]
):
    held = climb(laboratory, "join-size", on_join(*lines))
    assert held.level is None or held.level < Rung.L4


def test_a_build_that_never_ends_is_no_build(laboratory: Laboratory):
    diff = '--- a/src/tlv.c\n+++ b/src/tlv.c\n@@ -1,1 +1,2 @@\n #include "tlv.h"\n+#include "tlv.c"\n'
    held = climb(laboratory, "join-size", diff.encode())
    assert held.level is Rung.L0
    assert "build" in held.stopped.said


def test_an_include_of_the_hosts_files_finds_none(laboratory: Laboratory):
    for name in ("/etc/shadow", "/root/.ssh/id_ed25519", str(Path(__file__).parents[2] / "README.md")):
        diff = f'--- a/src/tlv.c\n+++ b/src/tlv.c\n@@ -1,1 +1,2 @@\n #include "tlv.h"\n+#include "{name}"\n'
        assert climb(laboratory, "join-size", diff.encode()).level is Rung.L0


def test_an_authors_own_test_lifts_no_wrong_patch(laboratory: Laboratory):
    easy = (
        b'schema = "comity-test/1"\n[[tests]]\nname = "made to fit"\nraises = "ValueError"\n'
        b'steps = [{ call = "ledger.export.page", args = [{ room = true }, "../out-x", ""] }]\n'
    )
    held = climb(laboratory, "page-by-name", test=easy)
    assert held.level is Rung.L3


def test_a_reduced_host_climbs_with_nobodys_code(laboratory: Laboratory, tmp_path: Path):
    reduced = Laboratory(
        containment=tier.find(Tier.REDUCED.value), shelf=Shelf(cache=tmp_path, mirror=None, online=False)
    )
    with pytest.raises(Forbidden):
        climb(reduced, "page-resolved")


def test_a_patch_is_asked_what_it_does_to_another_proof(laboratory: Laboratory):
    fixed, other = SAMPLES["join-size"], SAMPLES["label-bound"]
    attempt = flow_ladder.Attempt(
        recipe=read(fixed.case.recipe), attached=fixed.case.attached, diff=fixed.diff, seed=SEED
    )
    seen = flow_ladder.fires(laboratory, attempt, read(other.case.recipe), other.case.attached)
    assert [one.sight.name for one in seen] == ["FIRED", "FIRED"]
    seen = flow_ladder.fires(laboratory, attempt, attempt.recipe, attempt.attached)
    assert [one.sight.name for one in seen] == ["SILENT", "SILENT"]


def test_an_everyday_call_is_no_hiding_word(laboratory: Laboratory):
    diff = (
        "--- a/ledger/words.py\n+++ b/ledger/words.py\n@@ -5,1 +5,2 @@\n"
        '-ACCOUNT = re.compile(r"(?:[a-z]+-?)+\\Z")\n'
        '+WORD = re.compile(r"[a-z]+")\n+ACCOUNT = re.compile(r"[a-z]+(?:-[a-z]+)*\\Z")\n'
    )
    held = SAMPLES["account-pattern"]
    for text, reached in ((diff, True), (diff.replace("+WORD = re.", "+WORD = "), False)):
        attempt = flow_ladder.Attempt(
            recipe=read(held.case.recipe), attached=held.case.attached, diff=text.encode(), seed=SEED, kit=held.kit
        )
        assert flow_ladder.rise(laboratory, attempt, Rung.L1).reached is reached
