"""Attacks on what is given out, through the public interface only.

The same attack is run on the gateway and on what it is held against: exact answers, and
the rules of other systems. Everybody attacked is made up.
"""
