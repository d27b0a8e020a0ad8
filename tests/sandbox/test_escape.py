"""The escape suite: nothing gets out in tier full; in tier reduced each attack is prevented or refused by name.

The controls run some of the same programs uncontained and must succeed there: an attack that cannot succeed proves
nothing.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comity.bench import escape
from comity.bench.attacks import ATTACKS, Attack, program
from comity.bench.escape import ESCAPED, PREVENTED, REFUSED, UNCLEAR, Host
from comity.sandbox.containment import Containment
from comity.sandbox.policy import Tier
from comity.sandbox.result import Ended
from comity.sandbox.run import run

HERE = [attack for attack in ATTACKS if os.uname().machine in attack.machines]
SLOW = {"sleep for ever", "processor time by many processes"}


@pytest.fixture(scope="module")
def target() -> Iterator[Host]:
    with escape.attacked_host() as host:
        yield host


@pytest.mark.parametrize("attack", HERE, ids=lambda attack: attack.name.replace(" ", "-"))
def test_tier_full_prevents(attack: Attack, full: Containment, target: Host) -> None:
    outcome, why = escape.attempt(attack, target, full)
    assert outcome == PREVENTED, why


@pytest.mark.parametrize("attack", HERE, ids=lambda attack: attack.name.replace(" ", "-"))
def test_a_session_in_tier_full_prevents_the_same(attack: Attack, full: Containment, target: Host) -> None:
    outcome, why = escape.attempt(attack, target, full, runner=escape.as_session)
    assert outcome == PREVENTED, why


@pytest.mark.parametrize(
    "attack", [a for a in HERE if a.name not in SLOW], ids=lambda attack: attack.name.replace(" ", "-")
)
def test_tier_reduced_prevents_or_refuses_even_what_ships(attack: Attack, reduced: Containment, target: Host) -> None:
    outcome, why = escape.attempt(attack, target, reduced, shipped=True)
    assert outcome in {PREVENTED, REFUSED}, why


@pytest.mark.parametrize("form", escape.FORMS)
def test_tier_reduced_refuses_every_attack_by_name(form: str, reduced: Containment, target: Host) -> None:
    for attack in HERE:
        outcome, why = escape.attempt(attack, target, reduced, runner=escape.FORMS[form])
        assert (outcome, "only recipes that ship" in why) == (REFUSED, True)


@pytest.mark.parametrize("form", escape.FORMS)
def test_tier_none_refuses_every_attack(form: str, best: Containment, target: Host) -> None:
    nothing = replace(best, tier=Tier.NONE)
    assert {escape.attempt(a, target, nothing, runner=escape.FORMS[form])[0] for a in HERE} == {REFUSED}


@pytest.mark.parametrize("form", escape.FORMS)
def test_two_runs_never_meet(form: str, best: Containment) -> None:
    assert escape.neighbours(best, shipped=True, runner=escape.FORMS[form])[0] == PREVENTED


@pytest.mark.parametrize("form", escape.FORMS)
@pytest.mark.parametrize("tier", [Tier.FULL, Tier.REDUCED])
def test_a_killed_worker_leaves_no_process_behind(
    tier: Tier, form: str, full: Containment, reduced: Containment
) -> None:
    host = full if tier is Tier.FULL else reduced
    outcome, why = escape.orphans(host, shipped=True, runner=escape.FORMS[form])
    assert outcome == PREVENTED, why


@pytest.mark.parametrize("attack", [a for a in HERE if a.control], ids=lambda attack: attack.name.replace(" ", "-"))
def test_uncontained_the_same_program_succeeds(attack: Attack, target: Host, tmp_path: Path) -> None:
    if "v6" in attack.name and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    script = tmp_path / "attack.py"
    script.write_text(program(attack, target.words()))
    done = subprocess.run([sys.executable, "-I", "-S", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.startswith("escaped"), done.stdout + done.stderr


@pytest.mark.parametrize("number", [41, 321, 425, 272], ids=["socket", "bpf", "io_uring", "unshare"])
def test_a_call_that_reaches_the_kernel_is_told_from_a_refused_one(number: int, tmp_path: Path) -> None:
    if os.uname().machine != "x86_64" or os.geteuid() != 0:
        pytest.skip("needs x86_64 and root")
    attack = next(a for a in HERE if a.name == "system call bpf")
    script = tmp_path / "attack.py"
    script.write_text(program(attack, {}).replace("call(321,", f"call({number},"))
    done = subprocess.run([sys.executable, "-I", "-S", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.startswith("escaped"), done.stdout + done.stderr


def test_an_attack_that_says_nothing_is_unclear_and_never_prevented(full: Containment, target: Host) -> None:
    for lines in ("", "raise SystemExit(0)", "import no_such_module", "print('something else')"):
        silent = Attack(name="silent", program=lines)
        assert escape.attempt(silent, target, full)[0] == UNCLEAR


def test_a_canary_that_comes_out_is_an_escape_whatever_the_program_says(full: Containment, target: Host) -> None:
    liar = Attack(name="liar", program="print('held {canary}')")
    assert escape.attempt(liar, target, full)[0] == ESCAPED


def test_a_limit_that_fires_unexpectedly_is_not_taken_for_success(full: Containment, target: Host) -> None:
    slow = Attack(name="slow", program="time.sleep(60)")
    job = escape.attack_job(slow, target, "marker")
    result = run(replace(job, limits=replace(job.limits, pids=16)), host=full)
    assert result.ended is Ended.WALL
    assert escape.judge(slow, result)[0] == UNCLEAR


def test_the_table_names_every_row_and_counts_them() -> None:
    result = {
        "attacks": [{"name": "a", "form": "run", "tier": "full", "outcome": PREVENTED, "why": ""}],
        "missing": ["tier reduced: x"],
        PREVENTED: 1,
        REFUSED: 0,
        ESCAPED: 0,
        UNCLEAR: 0,
    }
    text = escape.table(result)
    assert "prevented  full" in text
    assert "missing    tier reduced: x" in text
    assert "1 prevented, 0 refused, 0 escaped, 0 unclear" in text
