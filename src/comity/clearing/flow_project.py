"""Run the project's own tests once on one build: its command in the sandbox, its report read as outcomes.

Part of the flow: it touches the sandbox, and no store. No network, no shell; the target and the files of tests are
read-only. What the runner says is the word of a process that the patch shares; `ladder.no_worse` weighs it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from comity.clearing import ladder, validate
from comity.clearing.flow_runs import Bench
from comity.formats import test_output
from comity.model.ids import Digest, digest
from comity.model.patch import Project
from comity.model.recipe import Dress, Harness, Recipe, Steps
from comity.sandbox.policy import Job, Limits
from comity.sandbox.python import python_inside

STREAM_BYTES: Final = test_output.BYTES


def recipe_of(recipe: Recipe, project: Project) -> tuple[Recipe, Mapping[Digest, bytes]]:
    """The recipe with the project's test programs in place of its own, and the files of tests by digest."""
    texts = {name: text.encode() for name, text in project.files}
    made = replace(
        recipe,
        build=project.build,
        inputs=tuple((name, digest(text)) for name, text in texts.items()),
        run=Harness(argv=(project.build[0].out,)) if project.build else Steps(steps=()),
    )
    return made, {digest(text): text for text in texts.values()}


def run(bench: Bench, project: Project) -> ladder.Results:
    """Test -> how it went; empty when nothing came that can be read. Raises CannotRun when a program does not build."""
    inside = python_inside()
    mounts = bench.mounts(Dress.VULNERABLE)
    command, *words = project.argv
    limit = timedelta(seconds=project.seconds)
    paths = ["/target", *(f"/support/{place}" for place in range(len(bench.recipe.support))), "/inputs"]
    result = bench.contain(
        Job(
            argv=((inside.program, "-S", "-B") if command == "python" else (command,)) + tuple(words),
            env={
                **inside.env,
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "HOME": "/work",
                "PYTHONPATH": ":".join(paths),
                "ASAN_OPTIONS": validate.ASAN,
            },
            mounts=mounts,
            inputs=bench.inputs,
            collect=(project.output,) if project.output else (),
            native=bool(project.build),
            toolchain=bool(project.build),
            limits=Limits(wall=limit, cpu=limit, memory_bytes=bench.recipe.memory_bytes, output_bytes=STREAM_BYTES),
        )
    )
    told = result.stderr if project.form == "unittest" else result.stdout  # unittest speaks on the error stream
    seen = test_output.read(project.form, result.files.get(project.output, b"") if project.output else told)
    return {f"{ladder.PROJECT}{name}": outcome for name, outcome in seen.items()}
