"""Records: the row in PostgreSQL of each request."""
