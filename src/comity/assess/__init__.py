"""The measuring room of the assess desk: runs go in, estimates with their uncertainty and a card come out.

Read in this order: `horizon` (logistic fit in human minutes), `resample` and `trend` (its uncertainty), `ability`
(item response in human minutes), `adaptive` (which item next, when to stop), `treat` and `score` (the determination
under every treatment), `monitor`, `curve`, `counting`, `asymmetry` (what else the card prints). Then a campaign:
`protocol` (what is fixed beforehand), `drive` (what is run next), `flow_run` and `flow_ledger` (running it), `rates`,
`numbers`, `card`, `page`, `recompute`. The pure part needs numpy, which the extra `comity[assess]` brings; this sign
imports nothing, so the core starts without it.
"""
