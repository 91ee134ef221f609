"""The OpenAPI document of the HTTP routes, from the Structs that they speak, and a page to try it."""
