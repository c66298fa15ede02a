"""What a service's own description is made of: pieces of OpenAPI, how it is served, and how it is kept in docs/api."""
