"""AnalysisRequests: observe, plan and act. `plan` and what it calls are pure."""
