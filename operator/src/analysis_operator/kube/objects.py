"""What all Kubernetes objects of the operator have in common: field managers, labels, and the owner. Pure."""

from __future__ import annotations

from typing import Any

from analysis_operator.api import API_VERSION, Analyzer, Metadata, Resource

KubeObject = dict[str, Any]
"""A Kubernetes object as JSON, as the API server takes and returns it."""

MANAGER = "silver-guardian"
CREATION_MANAGER = f"{MANAGER}-first"
"""Owns what an object is created with and what is not applied afterwards: the size of a Deployment that KEDA scales."""
ANALYZER_LABEL = "silverguardian.io/analyzer"
_COMPONENT_LABELS = {"app.kubernetes.io/part-of": "silver-guardian", "app.kubernetes.io/managed-by": MANAGER}


def with_status(kind: str, meta: Metadata, spec: Resource, status: Resource) -> KubeObject:
    """Return a resource of ours with a status to replace: its UID and resourceVersion guard exactly this version."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        },
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def child_metadata(analyzer: Analyzer) -> KubeObject:
    """Return the metadata of a child object of an Analyzer: its name, its labels, and its owner."""
    return {
        "name": analyzer.metadata.name,
        "namespace": analyzer.metadata.namespace,
        "labels": child_labels(analyzer),
        "ownerReferences": [
            {
                "apiVersion": API_VERSION,
                "kind": "Analyzer",
                "name": analyzer.metadata.name,
                "uid": analyzer.metadata.uid,
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def child_labels(analyzer: Analyzer) -> dict[str, str]:
    """Return the labels of a child object, and of the pods, of an Analyzer."""
    return _COMPONENT_LABELS | {"app.kubernetes.io/name": analyzer.metadata.name} | pod_selector(analyzer)


def pod_selector(analyzer: Analyzer) -> dict[str, str]:
    """Return the label by which the pods of an Analyzer are selected."""
    return {ANALYZER_LABEL: analyzer.metadata.name}
