"""The model gateway: a door that looks like an OpenAI-compatible API and opens onto one engagement's one model.

`door` makes the web application: a request's key and body go to the counter of assessments, which decides window,
people, budget, rate and allow-list, makes the call and checks the answer. Start at `door`.
"""
