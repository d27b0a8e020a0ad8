"""Public reporting turned into short, sourced, honestly labelled briefs.

Read in the order of the process: `gather`, `extract`, `classify`, `draft`, `make`, `check` (gates from certain to
uncertain), `review`, `label`, `publish` and `channels`; `ledger` and `join` say what a brief rests on. `desk` is the
counter and `flow` does IO; every other file is pure, works without a model and without a network.
"""
