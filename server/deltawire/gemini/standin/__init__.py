"""The offline stand-in: Gemini's HTTP API without a model."""
