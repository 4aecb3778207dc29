"""Synthetic rows as a priced release: made of noised marginals, and of nothing else.

Questions ask for the table of every two columns, one where it holds them all; else of
every two roughly, and again of those that turn out to matter. They are refused, priced,
charged, noised, checked, signed and logged as any other, so they cost what they say and
no more; what is made of them here is post-processing. For the extra `synthesis`.
"""
