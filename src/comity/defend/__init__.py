"""The defender's desk: what do we run, what of it is affected, what is due when, what do we do, can we prove it.

`desk.py` is the counter, `flow.py` does the IO. Steps: `segments.py` lays advisories out per package, `match.py` joins
an inventory to them, `expose.py` weighs the hits of one asset, `clock.py` dates them, `solve.py` finds the upgrade,
`plan.py` says it and `plan_check.py` holds it against its evidence, `attest.py` signs it off. Start at the counter.
"""
