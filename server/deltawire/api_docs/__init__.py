"""The OpenAPI and AsyncAPI documents, and pages to read them."""
