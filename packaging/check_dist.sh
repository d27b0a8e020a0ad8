#!/bin/sh
# Install the host's wheel in an empty environment outside the checkout, under the locked dependencies, and use it there.
# check_dist.sh WHEEL LOCK UV PYTHON [--demo]: nothing of the checkout is on the path; exits 1 at the first thing that fails.
set -eu
wheel=$(realpath "$1"); lock=$(realpath "$2"); uv=$(realpath "$3"); python=$(realpath "$4")
examples=$(realpath docs/examples)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
unset PYTHONPATH VIRTUAL_ENV
export COMITY_DATA="$place/data" COMITY_KEYS="$place/keys" COMITY_CHECKPOINTS="$place/checkpoints"
"$uv" venv --quiet --python "$python" empty
"$uv" pip install --quiet --python empty/bin/python --require-hashes -r "$lock"
"$uv" pip install --quiet --python empty/bin/python --no-deps "$wheel"
empty/bin/python -I -c 'import comity, sys; assert comity.__file__.startswith(sys.prefix), comity.__file__'
echo "installed: $(empty/bin/comity --version)"
status=0
empty/bin/comity doctor || status=$?
[ "$status" -le 1 ] || { echo "doctor could not look"; exit 1; }
{ empty/bin/comity doctor --json || true; } | empty/bin/python -I -c 'import json, sys; assert len(json.load(sys.stdin)["lines"]) > 5'
empty/bin/comity defend scan "$examples/packages.txt"
empty/bin/comity submit --dry-run "$examples/first-report.json"
if [ "${5:-}" = --demo ]; then empty/bin/comity demo; fi
echo "the wheel works outside the checkout"
