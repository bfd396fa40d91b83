"""AnalysisRequests: what to do about each, and doing it. `plan` and what it calls are pure."""
