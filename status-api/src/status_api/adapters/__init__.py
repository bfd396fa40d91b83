"""Where analyses live: the cluster, or the database."""
