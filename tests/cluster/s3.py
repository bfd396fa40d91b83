"""An S3 server over a directory: versitygw, with versioning and further users."""

import re
import socket
import subprocess
from pathlib import Path

from tests.cluster.builder import Tools
from tests.cluster.daemon import Daemon, DaemonError
from tests.cluster.interface import S3Server, S3User
from tests.cluster.shell import run, wait_until

PORT = 7070
REGION = "us-east-1"
_ROOT_ACCESS_KEY = "silver-guardian"
_ROOT_SECRET_KEY = "silver-guardian-secret"


def start(tools: Tools, address: str, directory: Path, *, port: int = PORT) -> S3Server:
    """Start the server on an address of this machine, or return the one that runs.

    Raises:
        DaemonError: it did not start, or something else listens there.
    """
    server = S3Server(
        endpoint_url=f"http://{address}:{port}",
        access_key=_ROOT_ACCESS_KEY,
        secret_key=_ROOT_SECRET_KEY,
        region=REGION,
        directory=directory / "data",
        admin=tools.path("versitygw"),
    )
    folders = {name: directory / name for name in ("data", "versions", "users")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    daemon = Daemon("versitygw", (
        str(server.admin), "--access", server.access_key, "--secret", server.secret_key,
        "--region", REGION, "--port", f"{address}:{port}", "--iam-dir", str(folders["users"]), "--quiet",
        "posix", "--versioning-dir", str(folders["versions"]), str(folders["data"]),
    ))  # fmt: skip

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((address, port)) == 0

    def listens() -> bool:
        daemon.require_alive()
        return answers()

    if daemon.pid is None and answers():  # what stop() does not know it would leave running
        raise DaemonError(f"another process listens on {address}:{port}: end it first")
    daemon.start()

    wait_until(listens, f"the S3 server on {server.endpoint_url}")
    return server


def stop() -> None:
    """Stop the server; its data stays."""
    Daemon("versitygw").stop()


def admin(server: S3Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the server's administration commands."""
    return run(
        server.admin, "admin", "--access", server.access_key, "--secret", server.secret_key,
        "--endpoint-url", server.endpoint_url, "--region", server.region, *arguments,
    )  # fmt: skip


def add_user(server: S3Server, user: S3User) -> None:
    """Add a user, or set the secret of one who is there already."""
    existing = admin(server, "list-users").stdout
    if re.search(rf"^{re.escape(user.access_key)}\s", existing, re.MULTILINE):
        remove_user(server, user.access_key)
    admin(server, "create-user", "--access", user.access_key, "--secret", user.secret_key, "--role", "user")


def remove_user(server: S3Server, access_key: str) -> None:
    """Remove somebody."""
    admin(server, "delete-user", "--access", access_key)
