"""Building blocks for asyncio, without domain code."""
