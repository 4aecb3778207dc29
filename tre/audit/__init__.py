"""The log: what happened, who did it, and why nobody can change it unnoticed."""
