"""Everything before a route: access checks, and the responses that no route gives."""
