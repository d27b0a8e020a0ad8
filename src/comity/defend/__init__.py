"""The defender's desk: what do we run, what of it is affected, what is due when, what do we do, can we prove it.

`desk.py` is the counter, `flow.py` does the IO. Steps: `segments.py` lays advisories out per package, `match.py` joins
an inventory to them, `expose.py` weighs the hits of one asset against statements and acceptances. Start at the counter.
"""
