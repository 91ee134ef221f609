"""OpenAI's wire: its requests, answers and errors, read and written without I/O.

docs/reference/openai.md says of every field if it is supported, ignored or refused.
"""
