"""Audits of the claim that nobody can tell well whether one person is in the data.

Distinguishing games on neighbouring databases, played through the whole laboratory,
bound the privacy loss from below. What is claimed is what the ledger charged.
"""
