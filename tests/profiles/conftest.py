"""The script for acro runs where acro is, and not here."""

collect_ignore = ["acro_verdicts.py"]
