"""Where the local cluster keeps things: nothing of it lies in the checkout."""

import os
from pathlib import Path

RUN_DIR = Path("/run/silver-guardian")
"""Sockets and process ids of the running cluster; gone after `down`."""

STATE_DIR = Path("/var/lib/silver-guardian")
"""etcd, certificates, kubelet and containerd data of the running cluster; gone after `down`."""

KUBECONFIG = STATE_DIR / "admin.kubeconfig"
AUDIT_LOG = STATE_DIR / "audit" / "audit.log"


def cache_dir() -> Path:
    """Return the folder of what outlives a cluster: binaries, base image, build layers, logs."""
    explicit = os.environ.get("SILVER_GUARDIAN_CACHE")
    if explicit:
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "silver-guardian"


def repo_root() -> Path:
    """Return the checkout's root."""
    return Path(__file__).resolve().parents[2]


def tools_dir() -> Path:
    """Return the folder of the modules that pin the cluster's tools."""
    return Path(__file__).resolve().parent / "tools"


def log_dir() -> Path:
    """Return the folder of the components' logs, kept after `down` until the next `up`."""
    return cache_dir() / "logs"
