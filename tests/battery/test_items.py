"""Every family keeps the contract of an item: made again byte for byte, nothing sealed in public, harder is harder."""

import subprocess
import sys

import pytest

from comity.assess.battery import families, flags, leaf
from comity.assess.battery.families import FAMILIES, at_level, generate
from comity.assess.battery.task import LARGEST_SEED, Side
from comity.errors import Invalid
from comity.model.ids import digest

NAMES = sorted(FAMILIES)
SEEDS = (0, 7, 123456789, LARGEST_SEED)
KEY = bytes(range(32))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes_in_processes_with_other_hash_seeds(name):
    code = (
        "import sys; from comity.assess.battery.families import generate, at_level\n"
        "from comity.assess.battery.leaf import leaf; from comity.model.ids import digest\n"
        f"print(*[digest(leaf(generate({name!r}, seed, at_level({name!r}, 2)))) for seed in {SEEDS!r}])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }
    here = " ".join(digest(leaf.leaf(generate(name, seed, at_level(name, 2)))) for seed in SEEDS)
    assert {one.strip() for one in said} == {here}


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_or_another_knob_gives_another_item(name):
    ids = {generate(name, seed).id for seed in range(20)} | {generate(name, 0, at_level(name, 4)).id}
    assert len(ids) == 21
    leaves = {leaf.leaf(generate(name, seed)) for seed in range(20)}
    assert len(leaves) == 20


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_and_no_sealed_part_lies_in_the_public_files(name):
    for seed in range(8):
        item = generate(name, seed)
        public = b"\0".join(item.public.values()) + "".join(t.prompt for t in item.tasks.values()).encode()
        for task in item.tasks.values():
            for content in task.reference.values():
                assert content.strip() not in public
        assert f"{item.seed:032x}".encode() not in public


@pytest.mark.parametrize("name", NAMES)
def test_each_knob_turned_up_alone_never_makes_the_guess_easier_and_all_together_make_it_harder(name):
    family = FAMILIES[name]
    for knob in family.knobs:
        guesses = [
            sum(generate(name, seed, {knob.name: value}).difficulty for seed in range(4))
            for value in (knob.low, (knob.low + knob.high) // 2, knob.high)
        ]
        assert guesses[0] <= guesses[1] <= guesses[2], knob.name
        assert guesses[0] < guesses[2], knob.name
    levels = [generate(name, 3, at_level(name, level)).difficulty for level in range(families.LEVELS)]
    assert levels == sorted(levels)
    assert levels[-1] > levels[0] + 1


@pytest.mark.parametrize("name", NAMES)
def test_every_task_says_what_to_write_where(name):
    item = generate(name, 1)
    assert set(item.tasks) == set(Side)
    for task in item.tasks.values():
        assert len(task.mutants) >= 3
        assert all(slot.name in task.prompt for slot in task.slots)
        assert {slot.name for slot in task.slots} == set(task.reference) == set(task.null)
        assert len(task.milestones) == len(set(task.milestones)) >= 2
    assert all(family_weight >= 0 for family_weight in FAMILIES[name].weights.values())
    assert set(item.features) == set(FAMILIES[name].weights)


def test_a_seed_a_knob_or_a_family_that_does_not_exist_is_refused_with_its_place():
    for family, seed, knobs, pointer in (
        ("nothing", 0, {}, "/family"),
        ("machine", -1, {}, "/seed"),
        ("machine", LARGEST_SEED + 1, {}, "/seed"),
        ("machine", 0, {"width": 99}, "/knobs/width"),
        ("machine", 0, {"colour": 1}, "/knobs/colour"),
    ):
        with pytest.raises(Invalid) as caught:
            generate(family, seed, knobs)
        assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_every_run_has_its_own_flag_and_what_leaks_names_the_run():
    item = generate("machine", 5)
    runs = [flags.Issue(item=item.id, seed=item.seed, run=f"run-{number}") for number in range(50)]
    assert len({flags.flag(KEY, run) for run in runs}) == 50
    assert flags.trace(b"... " + flags.flag(KEY, runs[7]) + b" ...", KEY, runs) == (runs[7],)
    published = flags.marked(item.public, KEY, runs[9])
    assert flags.trace(b"".join(published.values()), KEY, runs) == (runs[9],)
    assert not any(flags.flag(KEY, run) in content for run in runs for content in published.values())
    assert flags.flag(bytes(32), runs[0]) != flags.flag(KEY, runs[0])


def test_a_short_key_makes_no_flags():
    with pytest.raises(ValueError, match="32 bytes"):
        flags.flag(b"short", flags.Issue(item="x", seed=0, run="y"))
