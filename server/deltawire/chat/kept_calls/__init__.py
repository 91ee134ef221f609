"""The model's parts of the turns that end in calls, for clients that send back only what OpenAI's wire has."""
