"""The only part of the environment that reads published files.

A question is executed and noised in a child process; exact aggregates never
cross its boundary, and neither does any error text.
"""
