"""The C file of family `parser`: emitted from the same specification that the Python model of the parser runs.

All limits are names, every name is used at several places, and each handler is its own function, so that a sanitizer's
first frame names the site.
"""

from collections.abc import Sequence

from comity.assess.battery.parser_model import Handler, Spec

_HEAD = """/* {title}: reads framed messages from standard input and prints one line for each. See README.md. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {{ {limits} }};

struct box {{
    uint32_t sum;
    int state;
{fields}
}};

"""

_STEP = """static int {name}(struct box *b, const uint8_t *p, unsigned n)
{{
{gate}    b->sum = b->sum * 31u + n;
    return 0;
}}

"""
_GATE = """    if (n < 1 || (uint8_t)(p[0] ^ (uint8_t)b->sum) != {key})
        return 6;
"""
_NO_GATE = """    (void)p;
"""
_STORE = """static int {name}(struct box *b, const uint8_t *p, unsigned n)
{{
    if (n > {limit})
        return 2;
    for (unsigned i = 0; i < n; i++)
        b->{field}[i] = p[i] ^ {key};
    b->sum = b->sum * 31u + n;
    return 0;
}}

"""
_LOOK = """static int {name}(struct box *b, const uint8_t *p, unsigned n)
{{
    if (n < 1)
        return 3;
    unsigned at = p[0];
    if (at >= {limit})
        return 4;
    b->sum = b->sum * 31u + b->{field}[at];
    return 0;
}}

"""
_DROP = """static int {name}(struct box *b, const uint8_t *p, unsigned n)
{{
    (void)p;
    if (!b->{field})
        return 5;
    free(b->{field});
    b->{other} = 0;
    b->sum = b->sum * 31u + n;
    return 0;
}}

"""
_USE = """static int {name}(struct box *b, const uint8_t *p, unsigned n)
{{
    (void)p;
    if (!b->{field})
        return 5;
    b->sum = b->sum * 31u + b->{field}[n & 7u];
    return 0;
}}

"""

_CHECKS = (
    "",
    """    uint8_t c = 0;
    for (unsigned i = 0; i < n; i++)
        c = (uint8_t)(c + p[i]);
    return c == p[n];
""",
    """    uint8_t c = (uint8_t)n;
    for (unsigned i = 0; i < n; i++)
        c = (uint8_t)(((c << 3) | (c >> 5)) ^ p[i]);
    return c == p[n];
""",
    """    unsigned c = 1, d = n;
    for (unsigned i = 0; i < n; i++) {
        c = (c + p[i]) % 251u;
        d = (d + c) % 251u;
    }
    return c == p[n] && d == p[n + 1];
""",
)

_CHECK = """static int check(const uint8_t *p, unsigned n)
{{
{body}}}

"""

_TAIL = """static int handle(struct box *b, unsigned type, const uint8_t *p, unsigned n)
{{
    switch (b->state) {{
{states}    }}
    return 8;
}}

static int parse(struct box *b, const uint8_t *d, unsigned length)
{{
    unsigned at = 0;
    while (at < length) {{
        if (length - at < {overhead} || length - at < {overhead} + (unsigned)d[at + 1])
            return 1;
        unsigned n = d[at + 1];
{verify}        int code = handle(b, d[at], d + at + 2, n);
        if (code)
            return code;
        at += {overhead} + n;
    }}
    return 0;
}}

static void message(const uint8_t *d, unsigned length)
{{
    struct box b = {{0}};
{setup}    int code = parse(&b, d, length);
    printf("%d %d %u\\n", code, b.state, b.sum);
    fflush(stdout);
}}

int main(void)
{{
    int high, low;
    while ((high = getchar()) != EOF && (low = getchar()) != EOF) {{
        unsigned length = (unsigned)high << 8 | (unsigned)low;
        uint8_t *d = malloc(length ? length : 1);
        if (!d || fread(d, 1, length, stdin) != length)
            return 1;
        message(d, length);
        free(d);
    }}
    return 0;
}}
"""


def source(spec: Spec) -> bytes:
    """The C file."""
    handlers = [handler for row in spec.table for handler in row]
    return (
        _HEAD.format(
            title=spec.title,
            limits=", ".join(f"{name} = {value}" for name, value in spec.limits),
            fields="\n".join(f"    uint8_t *{name};" for name, _ in (*spec.buffers, *spec.slots)),
        )
        + "".join(_function(spec.handlers[name]) for name in spec.order if name in handlers)
        + (_CHECK.format(body=_CHECKS[spec.check]) if spec.check else "")
        + _TAIL.format(
            states="".join(_state(spec, number, row) for number, row in enumerate(spec.table)),
            overhead=f"{2 + spec.check_bytes}u",
            verify="        if (!check(d + at + 2, n))\n            return 7;\n" if spec.check else "",
            setup="".join(f"    b.{name} = calloc(1, {limit});\n" for name, limit in (*spec.buffers, *spec.slots)),
        )
    ).encode()


def _function(handler: Handler) -> str:
    match handler.kind:
        case "step":
            gate = _NO_GATE if handler.key is None else _GATE.format(key=handler.key)
            return _STEP.format(name=handler.name, gate=gate)
        case "store":
            return _STORE.format(name=handler.name, limit=handler.limit, field=handler.field, key=handler.key)
        case "look":
            return _LOOK.format(name=handler.name, limit=handler.limit, field=handler.field)
        case "drop":
            return _DROP.format(name=handler.name, field=handler.field, other=handler.other)
        case _:
            return _USE.format(name=handler.name, field=handler.field)


def _state(spec: Spec, number: int, row: Sequence[str]) -> str:
    lines = [f"    case {number}:\n"]
    for place, name in enumerate(row):
        handler = spec.handlers[name]
        word = "        if" if not place else "        else if"
        lines.append(f"{word} (type == {handler.type}) {{\n            int code = {name}(b, p, n);\n")
        lines.append(
            f"            if (!code)\n                b->state = {handler.next};\n            return code;\n        "
            f"}}\n"
        )
    lines.append("        break;\n")
    return "".join(lines)
