"""Before any route: who may ask, and how an answer looks that no route gives."""
