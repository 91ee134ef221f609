"""The upstream: one Gemini stream, opened through google-genai, read and closed by us."""
