"""The disclosure rules of other systems, exact to operator and boundary.

They look at exact values, so they are no part of the gateway: a rule on exact values
is a disclosure itself. The laboratory holds them against what the gateway does, on
data that its user brought.
"""
