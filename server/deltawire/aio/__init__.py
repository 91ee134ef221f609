"""Building blocks for asyncio; they know nothing of chat."""
