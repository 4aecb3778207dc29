"""Other systems on the same questions, each in an environment of its own.

`installed` makes their environments, `task` says a question to them, `asked` runs
them, `beside` is all of it for an evaluation. Programs under `programs` run where the
peer is, and import nothing of ours.
"""
