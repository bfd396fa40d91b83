"""What a recording says of itself: content credentials (C2PA), checked, and the labels that programs leave.

Both analyzers use it. Nothing is fetched, and no signer is trusted whom the installation does not name
(docs/provenance.md).
"""
