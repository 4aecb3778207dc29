"""The airlock: what people carry out of the environment, and in, past a person.

Out go tables, figures, model summaries, texts and code that researchers made of
releases; nothing exact is in them, as a release holds nothing exact. `form` reads a
submission and refuses what is wrong in its form, `recompute` holds its tables to the
releases they cite, `verdict` says what votes amount to, `moves` is a submission's
life, `package` what is carried out. In come public tables and code lists.
"""
