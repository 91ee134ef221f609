"""Identity: API keys that the operator issues, and tokens that an identity provider signs.

A token is a secret. It comes in a header or a frame, never in a URL, and never gets into a log, an error or a repr.
Only its `Caller` is kept.
"""
