"""The report page: one self-contained HTML file per request, for people."""
