"""Honest solvers: each solves both sides of one family from the prompt and the public files, and knows nothing else.

They run inside a subject's sandbox, started through its tools: standard library only, no import of Comity. A scripted
subject works with them (`flow_scripted`), so that the way from public files to a graded answer is exercised whole.
`docs/battery.md` says how often each was seen to solve its tasks, at every level.
"""
