"""The interpreter that a solver of family `machine` is given: a small Python program, its operation numbers filled in.

It must do exactly what `machine.run` does; a test runs both on the same programs.
"""

from collections.abc import Mapping

_TEXT = '''"""An interpreter for a small machine: 16 registers of 8 bits, four bytes an instruction (op, a, b, c).

Usage: python3 machine.py program.hex HEX-INPUT
"""
import sys

WIDTH = {width}
TABLE = bytes.fromhex("{table}")


def run(code, given):
    memory, r, at, marks = bytearray(code), [0] * 16, 0, []
    if len(given) != WIDTH:
        return False, marks
    for _ in range(20000):
        if at * 4 + 3 >= len(memory):
            break
        op, a, b, c = memory[at * 4 : at * 4 + 4]
        here, at, x, y = at, at + 1, a % 16, b % 16
{cases}
        else:
            return False, marks
    return False, marks


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        program = bytes.fromhex(file.read().strip())
    accepted, passed = run(program, bytes.fromhex(sys.argv[2]))
    print("accepted" if accepted else "refused", "marks passed:", sorted(set(passed)))
'''

_BODIES = {
    "in": "r[x] = given[b % WIDTH]",
    "mov": "r[x] = r[y]",
    "add": "r[x] = (r[x] + r[y]) & 255",
    "xor": "r[x] ^= r[y]",
    "addi": "r[x] = (r[x] + b) & 255",
    "xori": "r[x] ^= b",
    "rol": "r[x] = (r[x] << (b & 7) | r[x] >> (8 - (b & 7))) & 255",
    "mul": "r[x] = (r[x] * r[y]) & 255",
    "swap": "r[x], r[y] = r[y], r[x]",
    "tab": "r[x] = TABLE[r[x]]",
    "jlt": "at = c if r[x] < b else at",
    "jne": "at = c if r[x] != b else at",
    "jmp": "at = c",
    "open": "memory[a * 4 : (a + b) * 4] = bytes(v ^ c for v in memory[a * 4 : (a + b) * 4])",
    "mark": "marks.append(here)",
    "accept": "return True, marks",
    "fail": "return False, marks",
}


def interpreter(numbers: Mapping[int, str], table: bytes, width: int) -> bytes:
    """The interpreter's source for one drawn machine."""
    lines: list[str] = []
    for name, body in _BODIES.items():
        own = [number for number in sorted(numbers) if numbers[number] == name]
        word = "elif" if lines else "if"
        lines.append(f"        {word} op in ({', '.join(map(str, own))},):\n            {body}")
    return _TEXT.format(width=width, table=table.hex(), cases="\n".join(lines)).encode()
