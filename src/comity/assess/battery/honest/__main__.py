"""`python3 -m honest FAMILY SIDE PROMPT-FILE` in the folder of a task: read its files, solve, write the answers."""

import sys
from importlib import import_module
from pathlib import Path

family, side, prompt = sys.argv[1:4]
files = {path.name: path.read_bytes() for path in Path.cwd().iterdir() if path.is_file()}
answer = import_module(f"honest.{family}").solve(side, Path(prompt).read_text(), files)
for name, content in answer.items():
    Path(name).write_bytes(content)
