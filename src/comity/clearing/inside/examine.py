"""Runs inside the containment: reads Python sources, never runs them, and counts the words that a ladder looks for.

Order and answer are one JSON document each. A file that does not parse is an answer; a parser that dies is none.

A file of data to Comity: it is started in the sandbox by path and is never imported.
"""

import ast
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any


def main() -> int:
    order = json.loads(sys.stdin.buffer.read())
    files = {path: examined(Path("/target") / path, order) for path in order["paths"]}
    sys.stdout.write(json.dumps({"nonce": order["nonce"], "seen": {"files": files}}) + "\n")
    return 0


def examined(path: Path, order: dict[str, Any]) -> dict[str, Any]:
    if not path.is_file():
        return {"error": "", "words": {}}
    try:
        tree = ast.parse(path.read_bytes())
        compile(tree, str(path), "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return {"error": type(error).__name__, "words": {}}
    wanted, bare, marks = set(order["words"]), set(order["bare"]), order["marks"]
    words: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            words[node.id] += 1
        elif isinstance(node, ast.Attribute) and node.attr not in bare:
            words[node.attr] += 1
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for part in (*(alias.name for alias in node.names), getattr(node, "module", "") or ""):
                words.update(part.split("."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            words.update(mark for mark in marks if mark in text)
            words.update(word for word in (text,) if word in wanted)
    return {"error": "", "words": {word: count for word, count in words.items() if word in wanted or word in marks}}


if __name__ == "__main__":
    raise SystemExit(main())
