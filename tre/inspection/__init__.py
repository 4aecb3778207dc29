"""Look before you publish: what is wrong with a source, and how risky it is.

Everything here is exact and for the steward alone; nothing of it is published.
"""
