"""Synthetic rows as a priced release: made of noised marginals, and of nothing else.

One question asks for the table of every two columns. It is refused, priced, charged,
noised, checked, signed and logged as any other, so it costs what it says and no more;
what is made of it here is post-processing. For the extra `synthesis`.
"""
