"""Hypothesis in two sizes: few examples for `make test`, many for `make test-all`."""

from hypothesis import settings

settings.register_profile("few", max_examples=30, deadline=None, print_blob=True)
settings.register_profile("thorough", max_examples=500, deadline=None, print_blob=True)
settings.load_profile("few")
