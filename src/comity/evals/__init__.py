"""The evaluation engine's room, the only one that knows Inspect: challenges go in one by one, attempts come out.

`challenge` holds the values that pass this door, `levels` says which subject may run under which containment,
`provider` is our sandbox as Inspect sees it, `agent` the loop a subject works in, `subjects` who works (scripted, or a
model), `campaign` runs it all and reads each outcome as its sample ends. Needs the extra `comity[assess]`; this sign
imports nothing. Start at `campaign.run`.
"""
