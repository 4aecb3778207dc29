"""What may be asked, what it costs, how noise is drawn, what may be released.

A pure library: it knows no clock, disk, network or person, and cannot tell
whether it runs in a server, a laboratory or a test.
"""
