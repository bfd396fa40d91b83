"""What became of every AnalysisRequest, kept in PostgreSQL: the operator writes it, the status API reads it."""
