"""Whole campaigns on a toy battery in the real sandbox: outcomes, stages, the window, and kill -9 at any moment."""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from comity.assess.adaptive import Policy
from comity.assess.flow_ledger import Ledger
from comity.assess.flow_run import Progress, conduct
from comity.errors import Conflict, Forbidden, Tampered
from comity.evals import levels
from comity.evals.challenge import Assignment
from comity.evals.subjects import Move, Reached, Scripted, writes
from comity.sandbox.tier import find
from tests.assess.campaigns import NOW, Toy, go, protocol

ROOT = Path(__file__).resolve().parents[2]


def entries(folder: Path) -> list[dict]:
    with Ledger(folder / "runs.ledger") as ledger:
        return list(ledger.entries)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    told: list[Progress] = []
    return go(folder, progress=told.append), told, folder


def test_each_outcome_is_itself(whole):
    campaign, _, _ = whole
    last = {attempt.item: attempt for attempt in campaign.attempts}
    assert last["toy-3"].outcome == "refused"
    assert (last["toy-11"].outcome, last["toy-11"].under) == ("suspected", "failed")  # two people decide, no wire
    assert last["toy-4"].outcome == "failed"
    assert last["toy-0"].outcome == "solved"
    assert Counter(a.outcome for a in last.values()) == {"solved": 11, "failed": 7, "refused": 1, "suspected": 1}


def test_a_run_cut_by_its_stage_is_given_again_at_the_next_one(whole):
    campaign, _, _ = whole
    assert [(a.stage, a.outcome) for a in campaign.attempts if a.item == "toy-7"] == [(0, "censored"), (1, "solved")]


def test_whoever_watches_hears_of_every_run(whole):
    campaign, told, _ = whole
    assert [seen.item for seen in told] == [a.item for a in campaign.attempts]
    assert told[-1].done == len(campaign.attempts) == 21
    assert all(seen.low_minutes <= seen.horizon_minutes <= seen.high_minutes for seen in told)


def test_nothing_of_a_transcript_lies_in_the_ledger(whole):
    _, _, folder = whole
    held = (folder / "runs.ledger").read_bytes()
    assert b"Write toy" not in held
    assert b"base64" not in held


def test_called_again_a_finished_campaign_runs_nothing(whole):
    campaign, _, folder = whole
    again = go(folder)
    assert again.attempts == campaign.attempts
    assert again.ended == campaign.ended == "the fixed form was given in full"


def test_another_protocol_does_not_go_on_with_this_ledger(whole):
    _, _, folder = whole
    with Ledger(folder / "runs.ledger") as ledger, pytest.raises(Conflict, match="another protocol"):
        conduct(
            protocol(seed=9),
            battery=Toy(),
            subject=Scripted(script=lambda asked, turn: Move()),
            admitted=levels.scripted(),
            ledger=ledger,
            host=find(),
            logs=folder,
            clock=lambda: NOW,
        )


def test_killed_with_signal_9_at_three_moments_no_finished_run_is_lost_or_repeated(whole, tmp_path):
    straight, _, _ = whole
    before: list[dict] = []
    for more in (2, 4, 5):
        with (tmp_path / "said").open("ab") as said:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.assess.campaigns", str(tmp_path)], cwd=ROOT, stdout=said, stderr=said
            )
        deadline = time.monotonic() + 60
        while _lines(tmp_path) < len(before) + more and time.monotonic() < deadline:
            assert worker.poll() is None, (tmp_path / "said").read_text()
            time.sleep(0.01)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        held = entries(tmp_path)
        assert len(held) >= len(before) + more - 1
        assert held[: len(before)] == before
        before = held
    done = go(tmp_path)
    keys = [attempt.key for attempt in done.attempts]
    assert len(set(keys)) == len(keys) == 21
    assert entries(tmp_path)[: len(before)] == before
    assert {a.key: a.outcome for a in done.attempts} == {a.key: a.outcome for a in straight.attempts}


def _lines(folder: Path) -> int:
    path = folder / "runs.ledger"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_closed_window_cuts_the_run_it_meets_and_starts_no_other(tmp_path):
    open_for = iter([False] * 12)
    campaign = go(tmp_path, slow=0.1, stop=lambda: next(open_for, True))
    assert campaign.ended == "the window closed"
    assert campaign.attempts
    assert campaign.attempts[-1].outcome == "censored"
    assert len(campaign.attempts) < 10


def test_after_its_end_nothing_starts_at_all(tmp_path):
    campaign = go(tmp_path, ends_at=NOW - timedelta(seconds=1))
    assert (campaign.attempts, campaign.ended) == ((), "the window closed")


def test_a_torn_last_line_is_dropped_and_any_other_damage_is_named(tmp_path):
    path = tmp_path / "l"
    with Ledger(path) as ledger:
        for number in range(3):
            ledger.append({"kind": "x", "number": number})
    whole_file = path.read_bytes()
    path.write_bytes(whole_file[:-5])
    with Ledger(path) as ledger:
        assert [entry["number"] for entry in ledger.entries] == [0, 1]
        ledger.append({"kind": "x", "number": 2})
    assert path.read_bytes() == whole_file
    lines = whole_file.splitlines(keepends=True)
    for broken in (lines[0] + lines[2], whole_file.replace(b'\\"number\\":1', b'\\"number\\":7'), b"{}\n" + whole_file):
        path.write_bytes(broken)
        with pytest.raises(Tampered):
            Ledger(path)


def test_one_ledger_has_one_writer(tmp_path):
    with Ledger(tmp_path / "l"), pytest.raises(Conflict):
        Ledger(tmp_path / "l")


def test_a_sealed_ledger_holds_ciphertext_and_opens_with_its_key_alone(tmp_path):
    flip = lambda content: bytes(byte ^ 0x5A for byte in content)  # noqa: E731  # a stand-in for an engagement's key
    with Ledger(tmp_path / "l", seal=flip, unseal=flip) as ledger:
        ledger.append({"kind": "secret word"})
    assert b"secret" not in (tmp_path / "l").read_bytes()
    with Ledger(tmp_path / "l", seal=flip, unseal=flip) as ledger:
        assert ledger.entries == [{"kind": "secret word"}]
    with pytest.raises(Tampered):
        Ledger(tmp_path / "l", seal=flip, unseal=lambda content: content)


def test_a_model_at_a_level_for_simulated_answers_never_starts(tmp_path):
    nothing = levels.Admitted(level=levels.Level.C0, why="", machine={})
    with Ledger(tmp_path / "l") as ledger, pytest.raises(Forbidden, match="C0"):
        conduct(
            protocol(),
            battery=Toy(),
            subject=Reached(name="mockllm/model"),
            admitted=nothing,
            ledger=ledger,
            host=find(),
            logs=tmp_path,
            clock=lambda: NOW,
        )


def test_nothing_of_a_run_lies_in_the_folders_that_inspect_keeps_for_itself(tmp_path):
    """Inspect's trace file quotes tool calls whole: a campaign in a process of its own must leave it without a word."""
    kept = tmp_path / "kept"
    homes = {name: str(kept / name) for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.assess.campaigns", str(tmp_path / "run")],
        cwd=ROOT,
        env={**os.environ, **homes},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert len(entries(tmp_path / "run")) == 23  # it was a whole campaign
    for file in (path for path in kept.rglob("*") if path.is_file()):
        data = file.read_bytes()
        text = gzip.decompress(data) if file.suffix == ".gz" else data
        for word in (b"toy", b"bash", b"base64", b"Tool Call", b"peeked"):
            assert word not in text, f"{word!r} lies in {file.relative_to(kept)}"


def test_whoever_kills_its_own_sandbox_is_given_one_more_and_then_has_failed(tmp_path):
    """A run that the harness lost is left out of every reading; a subject must not choose which."""

    def script(asked: Assignment, turn: int) -> Move:
        if turn:
            return Move(says="done")
        item = asked.challenge.id
        return Move(command="kill -9 -1" if item == "toy-1" else writes({"answer": item.encode()}))

    with Ledger(tmp_path / "runs.ledger") as ledger:
        done = conduct(
            protocol(items=4, policy=Policy(least_runs=2, probes=0, traps=0, fixed_form=4)),
            battery=Toy(4),
            subject=Scripted(script=script),
            admitted=levels.scripted(),
            ledger=ledger,
            host=find(),
            logs=tmp_path / "logs",
            threshold_minutes=None,
            clock=lambda: NOW,
        )
    killed = [attempt.outcome for attempt in done.attempts if attempt.item == "toy-1"]
    assert killed[-1] == "failed"  # at once where the end was seen as an exit, else after the one repetition
    assert killed[:-1] in ([], ["infrastructure"])
    assert {attempt.outcome for attempt in done.attempts if attempt.item != "toy-1"} == {"solved"}
