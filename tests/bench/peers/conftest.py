"""Programs for the peers run where the peers are, and not here."""

collect_ignore = ["opendp_polars.py", "smartnoise.py", "tumult.py"]
