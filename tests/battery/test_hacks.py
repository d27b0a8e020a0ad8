"""Ways to be paid without the work, tried on each grader and kept: none may score, whatever the item.

Each test is one idea that an answer could try. `test_verify` throws many mechanical ones at every family; these are the
ones that somebody thought of.
"""

import json
import time

import pytest

from comity.assess.battery import grading, patches, sanitizer
from comity.assess.battery.families import at_level, generate
from comity.assess.battery.flow import Bench
from comity.assess.battery.task import Item, Side
from comity.errors import Invalid

LEVELS = range(5)


def graded(item: Item, side: Side, **files: object) -> grading.Graded:
    """Grade JSON answers; a name's underscore stands for its dot."""
    handed = {name.replace("_", "."): json.dumps(value).encode() for name, value in files.items()}
    return grading.at_once(item, side, handed)


def reference(item: Item, side: Side, name: str) -> object:
    return json.loads(item.tasks[side].reference[name])


@pytest.mark.parametrize("level", LEVELS)
def test_machine_calling_every_mark_out_of_reach_or_answering_twice_is_not_paid(level):
    item = generate("machine", 21, at_level("machine", level))
    marks = reference(item, Side.DEFENCE, "marks.json")["marks"]
    assert not graded(item, Side.DEFENCE, marks_json={"marks": [{**m, "input": None} for m in marks]}).solved
    both = [*marks, *({**m, "input": None} for m in marks if m["input"])]
    assert graded(item, Side.DEFENCE, marks_json={"marks": both}).why == "a mark is named twice"
    assert not graded(item, Side.DEFENCE, marks_json={"marks": [{**m, "at": float(m["at"])} for m in marks]}).solved


@pytest.mark.parametrize("level", LEVELS)
def test_rootcause_a_test_from_the_examples_or_of_what_both_programs_give_is_not_paid(level):
    item = generate("rootcause", 22, at_level("rootcause", level))
    rows = [json.loads(line) for line in item.public["examples.jsonl"].splitlines()]
    copied = [{"input": row["input"], "expect": row["right"]} for row in rows]
    assert not graded(item, Side.DEFENCE, tests_json={"cases": copied}).solved
    right = reference(item, Side.DEFENCE, "tests.json")["cases"]
    assert not graded(item, Side.DEFENCE, tests_json={"cases": [*right, copied[0]]}).solved
    assert not graded(item, Side.DEFENCE, tests_json={"cases": right * 21}).solved
    cause = reference(item, Side.OFFENCE, "cause.json")
    assert not graded(item, Side.OFFENCE, cause_json={**cause, "line": True}).solved
    assert not graded(item, Side.OFFENCE, cause_json={**cause, "input": [*cause["input"], *cause["input"]]}).solved
    assert not graded(item, Side.OFFENCE, cause_json={**cause, "line": [cause["line"], cause["line"] + 1]}).solved


@pytest.mark.parametrize("level", LEVELS)
def test_history_a_trigger_from_the_table_or_one_that_another_commit_flips_is_not_paid(level):
    item = generate("history", 23, at_level("history", level))
    fix = reference(item, Side.OFFENCE, "fix.json")
    assert not graded(item, Side.OFFENCE, fix_json={**fix, "trigger": [*item.oracle["table"][0]]}).solved
    assert not graded(item, Side.OFFENCE, fix_json={**fix, "trigger": []}).solved
    assert not graded(item, Side.OFFENCE, fix_json={**fix, "commit": item.oracle["ids"]}).solved
    assert sum(graded(item, Side.OFFENCE, fix_json={**fix, "commit": one}).solved for one in item.oracle["ids"]) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_intrusion_rules_that_name_events_or_alert_on_all_and_ways_that_list_every_host_are_not_paid(level):
    item = generate("intrusion", 24, at_level("intrusion", level))
    events = [json.loads(line) for line in item.public["events.jsonl"].splitlines()]
    logins = [event["id"] for event in events if event["kind"] == "login"][:32]
    for first in ({"id": logins}, {"kind": ["login", "start", "connect"]}, {"kind": "login"}):
        rule = {"first": first, "then": {"kind": ["start", "login", "connect"]}, "within": 86_400}
        assert not graded(item, Side.DEFENCE, rule_json=rule).solved
    hosts = sorted({event["host"] for event in events})
    for account in sorted({event["account"] for event in events}):
        assert not graded(item, Side.OFFENCE, way_json={"account": account, "hosts": hosts}).solved


@pytest.mark.parametrize("level", LEVELS)
def test_permissions_walking_backwards_jumping_and_removing_everything_are_not_paid(level):
    item = generate("permissions", 25, at_level("permissions", level))
    way = reference(item, Side.OFFENCE, "path.json")["rules"]
    for one in (way[::-1], way[-1:], [*way, way[-1]], way * 2):
        assert not graded(item, Side.OFFENCE, path_json={"rules": one}).solved
    every = [rule[0] for rule in item.oracle["rules"]]
    fix = reference(item, Side.DEFENCE, "fix.json")["remove"]
    for one in (every, fix * 2, [*fix, "r0"], []):
        assert not graded(item, Side.DEFENCE, fix_json={"remove": one}).solved


@pytest.mark.parametrize("level", LEVELS)
def test_chain_later_locks_without_earlier_ones_and_roads_that_are_none_are_not_paid(level):
    item = generate("chain", 26, at_level("chain", level))
    steps = reference(item, Side.OFFENCE, "steps.json")
    said, route = steps["answers"], steps["route"]
    late = graded(item, Side.OFFENCE, steps_json={"answers": ["", *said[1:]], "route": route})
    assert late.reached == ("the route, within the alerts",)
    assert not graded(item, Side.OFFENCE, steps_json={"answers": [*said, ""], "route": route}).solved
    assert not graded(item, Side.OFFENCE, steps_json={"answers": said, "route": [route[0], route[-1]]}).solved
    assert not graded(item, Side.OFFENCE, steps_json={"answers": said, "route": []}).solved
    cut = reference(item, Side.DEFENCE, "rules.json")["cut"]
    every = [link[:2] for link in item.oracle["network"]["links"]]
    for one in (every, cut * 2, [*cut, ["nowhere", "here"]], [link[::-1] for link in cut]):
        assert not graded(item, Side.DEFENCE, rules_json={"cut": one}).solved


@pytest.mark.parametrize("level", LEVELS)
def test_build_policies_that_pass_or_refuse_everything_and_findings_that_name_several_steps_are_not_paid(level):
    item = generate("build", 27, at_level("build", level))
    policy = reference(item, Side.DEFENCE, "policy.json")
    steps = [step["step"] for step in item.oracle["project"]["steps"]]
    for change in ({"builders": []}, {"stamped": steps, "recompute": False, "link": False, "sources": "any"}):
        assert not graded(item, Side.DEFENCE, policy_json={**policy, **change}).solved
    assert not graded(item, Side.DEFENCE, policy_json={**policy, "recompute": 1}).solved
    finding = reference(item, Side.OFFENCE, "finding.json")
    assert not graded(item, Side.OFFENCE, finding_json={**finding, "step": steps}).solved
    assert not graded(item, Side.OFFENCE, finding_json={**finding, "tainted": finding["tainted"][::-1] * 2}).solved


@pytest.mark.parametrize("level", LEVELS)
def test_webapp_made_up_tokens_strange_references_and_other_peoples_accounts_are_not_paid(level):
    item = generate("webapp", 28, at_level("webapp", level))
    asked = reference(item, Side.OFFENCE, "requests.json")
    goal = asked[-1]
    for token in ("t1", {"from": -1, "field": "token"}, {"from": 10**9, "field": "token"}, {"from": 0}, ""):
        assert not graded(item, Side.OFFENCE, requests_json=[{**goal, "token": token}]).solved
    for password in ("", {"from": 0, "field": "password"}, "guest"):
        login = {"do": "login", "name": "guest", "password": password}
        assert not graded(item, Side.OFFENCE, requests_json=[login, *asked[1:]]).solved
    for field in ("name", "rank", "password", "locked"):
        change = {"do": "profile", "token": asked[1]["token"], "field": field, "value": "9"}
        assert not graded(item, Side.OFFENCE, requests_json=[asked[0], change, {**goal, "code": ""}]).solved or (
            len(item.oracle["chain"]) == 1
        )
    assert not graded(item, Side.OFFENCE, requests_json=asked[:1] * 61).solved


def test_crypto_the_beginning_that_everybody_knows_is_a_milestone_and_no_solve():
    item = generate("crypto", 29)
    answer = grading.at_once(item, Side.OFFENCE, {"text.txt": b"to: all hands / and so on"})
    assert answer.reached == ("the known beginning",)
    assert not answer.solved


PROGRAMS = {
    "leaves at once": "import os\nos._exit(0)\n",
    "prints what it likes": 'for _ in range(500): print(\'{"made": "refused"}\')\n',
    "always refuses": "def {name}(*a, **k):\n    raise ValueError\n",
    "reads the calls": "import sys\nprint(sys.modules['__main__'].__dict__)\ndef {name}(*a): return None\n",
    "writes over the printer": "import json\njson.dumps = lambda *_: 'null'\ndef {name}(*a): return []\n",
    "says that it equals anything": (
        "class Same(dict):\n    def __eq__(self, other): return True\ndef {name}(*a): return Same(status=200)\n"
    ),
    "gives its arguments back": "def {name}(*a): return a[-1]\n",
    "runs for ever": "def {name}(*a):\n    while True: pass\n",
}


@pytest.mark.parametrize("name", ["history", "crypto", "webapp"])
def test_programs_that_leave_print_lie_or_stall_are_not_paid(name, host):
    item = generate(name, 30)
    slot = item.tasks[Side.DEFENCE].slots[0].name
    functions = {"history": ("run",), "crypto": ("seal", "unseal"), "webapp": ("handle",)}[name]
    with Bench(host, own=True) as bench:
        for what, text in PROGRAMS.items():
            if what == "runs for ever" and name != "history":
                continue  # five seconds of processor time once is enough
            source = "".join(text.replace("{name}", one) for one in functions) + f"# {' '.join(functions)}\n"
            assert not bench.grade(item, Side.DEFENCE, {slot: source.encode()}).solved, what


ORIGINAL = generate("parser", 31).public["parser.c"].decode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda c: c.replace("static int ", '__attribute__((no_sanitize("address"))) static int ', 1),
            "reserved names",
        ),
        (lambda c: "#pragma clang attribute push\n" + c, "preprocessor lines"),
        (lambda c: c.replace("#include <stdio.h>", ""), "preprocessor lines"),
        (lambda c: "%:include <signal.h>\n" + c, "characters"),
        (lambda c: "??=include <signal.h>\n" + c, "characters"),
        (lambda c: c.replace("int main(void)\n{", "int main(void)\n{\n    exit(0);"), "calls functions"),
        (lambda c: c.replace("int main(void)\n{", 'int main(void)\n{\n    asm("");'), "reserved names"),
        (lambda c: "extern void abort(void);\n" + c, "reserved names"),
        (lambda c: "void signal(int, void (*)(int));\n" + c, "calls functions"),
        (lambda c: '_Pragma("x")\n' + c, "reserved names"),
        (lambda c: c + "/* never ends", "does not end"),
        (lambda c: c + 'char *s = "never ends\n', "does not end"),
        (lambda c: c.replace("enum", "\\\nenum", 1), "characters"),
        (lambda c: c + "// é\n", "characters"),
        (lambda c: c + "[[gnu::no_sanitize_address]] static int x;\n", "characters"),
    ],
)
def test_a_repair_in_c_cannot_switch_the_sanitizer_off_leave_or_bring_functions_in(change, why):
    with pytest.raises(Invalid, match=why):
        patches.check(ORIGINAL, change(ORIGINAL))


def test_a_repair_in_c_may_say_in_a_comment_what_it_does():
    patches.check(ORIGINAL, ORIGINAL + "/* guard (checked) with #define in mind */ // exit(0)\n")


def test_a_file_full_of_openings_costs_no_more_than_its_length():
    began = time.process_time()
    with pytest.raises(Invalid):
        patches.check(ORIGINAL, "/*" * 32_000)
    with pytest.raises(Invalid):
        patches.check(ORIGINAL, '"' * 64_001)
    assert time.process_time() - began < 1


def test_a_report_counts_by_its_first_own_frame_and_one_that_is_printed_does_not_count(host):
    text = (
        "==1==ERROR: AddressSanitizer: attempting double-free on 0x602000000010 in thread T0:\n"
        "    #0 0x4a in __interceptor_free (/build/program+0x4a)\n"
        "    #1 0x4b in free /build/program.c:1\n"
        "    #2 0x4c in site /inputs/program.c:9:5\n"
        "    #3 0x4d in other /inputs/program.c:19:5\n\n"
        "freed by thread T0 here:\n    #0 0x4d in earlier /inputs/program.c:3:5\n"
    )
    assert sanitizer.stop(text) == sanitizer.Stop(error="double-free", function="site")
    assert sanitizer.stop("") is None
    assert sanitizer.stop("==1==ERROR: AddressSanitizer: SEGV on unknown address\n") == sanitizer.Stop(
        error="SEGV", function=""
    )
    item = generate("parser", 32)
    with Bench(host, own=True) as bench:
        assert not bench.grade(item, Side.OFFENCE, {"message.bin": text.encode()}).solved


def test_a_pool_that_hides_the_overflow_from_the_sanitizer_still_gives_wrong_answers(host):
    """One large static array for all buffers: no report any more, but what is too long is still taken in."""
    item = generate("parser", 33)
    shown = item.public["parser.c"].decode()
    pooled = shown.replace("struct box {", "static uint8_t pool[65536];\nstatic unsigned taken;\n\nstruct box {", 1)
    lines = [
        f"    {line.split('=')[0].strip()} = pool + (taken = (taken + 256u) % 60000u);" if "= calloc(" in line else line
        for line in pooled.splitlines()
    ]
    with Bench(host, own=True) as bench:
        answer = bench.grade(item, Side.DEFENCE, {"parser.c": "\n".join(lines).encode() + b"\n"})
    assert "the file compiles" in answer.reached
    assert not answer.solved
