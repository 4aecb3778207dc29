"""The control database: people, projects, money, questions, releases and the log.

It holds no protected value, and answers no question about data.
"""
