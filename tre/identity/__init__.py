"""Who is speaking: passwords with a second factor, sessions, tokens, and providers.

Who may do what is `tre.governance`'s to say; here it is only made sure who asks.
"""
