"""Where results lie in S3. Pure."""

from __future__ import annotations


def results_folder(results_uri: str, namespace: str, name: str, uid: str) -> str:
    """Return where the results of a request or a batch are, with a slash at the end; the UID keeps namesakes apart."""
    return f"{results_uri.rstrip('/')}/{namespace}/{name}/{uid}/"
