"""Measure what privacy costs, on data that its user brought.

A plan says which questions, at which ε, under which policies, beside which other
systems. Everything is asked of the real gateway in a laboratory; what comes of it is a
folder of Parquet files and one page that a committee can read.
"""
