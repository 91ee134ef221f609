"""Files of callers: their bytes in an object store, what is known of them in the database."""
