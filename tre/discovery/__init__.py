"""What anybody may learn of the datasets: public facts, in words that others read.

Everything here is made of the catalogue's public facts, and nothing of the data.
"""
