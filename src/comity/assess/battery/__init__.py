"""Generated tasks: own toy targets, each with an offence task and its defence twin, made from a seed.

A family makes an item from seed and knobs (`families`, `item`); `grading` plans what must run and judges what was
seen, from the sealed oracle alone; `flow` runs it, contained. `verifying` and `fuzz` say what `comity battery verify`
proves; `desk` is the counter. Everything but `flow` and `desk` is pure: the same seed gives the same bytes.
"""
