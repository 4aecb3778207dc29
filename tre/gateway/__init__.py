"""The HTTP interface: JSON in, released tables out, one problem format for errors.

What this package may rely on is `tre.environment`; it decides nothing about
privacy, and everything it sends has been released already.
"""
