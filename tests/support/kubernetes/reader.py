"""Reads objects from an API server: asked many times a second, this costs a fraction of what a kubectl process does."""

from __future__ import annotations

import base64
import ssl
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml

Json = dict[str, Any]

_OURS = "apis/silverguardian.io/v1alpha1"
_KINDS = {
    "analysisbatch": (_OURS, "analysisbatches"),
    "analysisrequest": (_OURS, "analysisrequests"),
    "analyzer": (_OURS, "analyzers"),
    "deployment": ("apis/apps/v1", "deployments"),
    "event": ("api/v1", "events"),
    "hpa": ("apis/autoscaling/v2", "horizontalpodautoscalers"),
    "lease": ("apis/coordination.k8s.io/v1", "leases"),
    "networkpolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
    "pod": ("api/v1", "pods"),
    "poddisruptionbudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "scaledobject": ("apis/keda.sh/v1alpha1", "scaledobjects"),
    "service": ("api/v1", "services"),
    "serviceaccount": ("api/v1", "serviceaccounts"),
}
_SECONDS = 60.0
_TRIES = 3


def reader_of(kubeconfig: Path) -> Reader:
    """Return a reader with the rights of a kubeconfig; the same one as long as the file is the same."""
    return _reader_of(kubeconfig.read_text())


@cache
def _reader_of(kubeconfig: str) -> Reader:
    return Reader(kubeconfig)


class Reader:
    """Reads as the user of a kubeconfig does. Threads may share one.

    Args:
        kubeconfig: the text of one with one cluster and one user, who has a token or a certificate.
    """

    def __init__(self, kubeconfig: str) -> None:
        config = yaml.safe_load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        self._client = httpx.Client(
            base_url=cluster["server"],
            headers=headers,
            verify=_context(cluster, user),
            timeout=_SECONDS,
            trust_env=False,
        )

    def get(self, kind: str, name: str, namespace: str = "default") -> Json:
        """Return an object. Raises LookupError if there is none of this name."""
        found = self.find(kind, name, namespace)
        if found is None:
            raise LookupError(f"there is no {kind} {namespace}/{name}")
        return found

    def find(self, kind: str, name: str, namespace: str = "default") -> Json | None:
        """Return an object, or None if there is none of this name, or none of its kind."""
        return self.raw(f"{_path(kind, namespace)}/{name}")

    def list(self, kind: str, namespace: str | None = "default", *, labels: str = "", fields: str = "") -> list[Json]:
        """Return the objects that a label selector and a field selector choose; of every namespace if it is None."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        listed = self.raw(_path(kind, namespace), {key: value for key, value in query.items() if value})
        items: list[Json] = listed["items"] if listed else []
        return [{"kind": str((listed or {})["kind"]).removesuffix("List"), **item} for item in items]

    def raw(self, path: str, query: dict[str, str] | None = None) -> Json | None:
        """Return the JSON of any path of the API, or None if nothing is there.

        Raises:
            httpx.HTTPError: the API server does not answer, or refuses.
        """
        for attempt in range(_TRIES):
            try:
                answer = self._client.get(f"/{path}", params=query)
                break
            except httpx.TransportError:  # a connection that was kept open while the server was away
                if attempt == _TRIES - 1:
                    raise
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        found: Json = answer.json()
        return found


def _path(kind: str, namespace: str | None) -> str:
    group, plural = _KINDS[kind]
    return f"{group}/namespaces/{namespace}/{plural}" if namespace else f"{group}/{plural}"


def _context(cluster: Json, user: Json) -> ssl.SSLContext:
    if cluster.get("insecure-skip-tls-verify"):
        return ssl._create_unverified_context()  # noqa: S323 - a server of these tests, on loopback
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with tempfile.TemporaryDirectory() as folder:  # it reads a certificate from files alone
        certificate, key = Path(folder) / "certificate", Path(folder) / "key"
        certificate.write_bytes(base64.b64decode(user["client-certificate-data"]))
        key.write_bytes(base64.b64decode(user["client-key-data"]))
        context.load_cert_chain(certificate, key)
    return context
