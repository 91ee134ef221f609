"""How much one caller may ask, and what was used: counted in this process, or in a store that several share."""
