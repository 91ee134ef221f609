"""The upstream: Gemini's streams, opened through google-genai, read and closed by this package."""
