"""Identity: keys that the operator gives out, and tokens that an identity provider signs.

A token is a secret. It comes in a header or a frame, never in a URL, and goes nowhere: not into a log,
an error or a repr. What is kept of it is a `Caller`.
"""
