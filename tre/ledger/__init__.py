"""The ledger: what may still be spent, and what every question took.

Charged before data is read, never refunded, never twice. Amounts are whole numbers.
"""
