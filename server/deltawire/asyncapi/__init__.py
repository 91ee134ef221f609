"""The AsyncAPI document of the socket, from the Structs that it speaks, and a page to read it."""
