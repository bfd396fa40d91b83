"""The host's side of the network: one interface with the nodes' addresses, and one nftables table."""

from pathlib import Path

from tests.cluster.paths import RUN_DIR
from tests.cluster.shell import run, wait_until
from tests.cluster.topology import HOST_INTERFACE, NODES, POD_RANGE, SERVICE_RANGE

_TABLE = "silver-guardian"
_PROXY_TABLES = (("ip", "kube-proxy"), ("ip6", "kube-proxy"))
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_FORWARDING_BEFORE = RUN_DIR / "ip_forward"


def create() -> None:
    """Make the interface, forward packets, and let pods out under the host's address."""
    # A bridge without ports serves as the interface: unlike a dummy device every kernel has it.
    run("ip", "link", "add", HOST_INTERFACE, "type", "bridge")
    for node in NODES:
        run("ip", "address", "add", f"{node.address}/32", "dev", HOST_INTERFACE)
    run("ip", "link", "set", HOST_INTERFACE, "up")
    RUN_DIR.mkdir(parents=True, exist_ok=True)
    _FORWARDING_BEFORE.write_text(_FORWARDING.read_text())
    _FORWARDING.write_text("1\n")
    inside = ", ".join([POD_RANGE, SERVICE_RANGE, *(node.address for node in NODES)])
    rules = f"""
        table ip {_TABLE} {{
            chain postrouting {{
                type nat hook postrouting priority srcnat;
                ip saddr {POD_RANGE} ip daddr != {{ {inside} }} masquerade
            }}
        }}
    """
    run("nft", "-f", "-", input=rules)


def remove() -> None:
    """Remove all of it, and what kube-proxy and the pods left."""
    for family, table in (("ip", _TABLE), *_PROXY_TABLES):
        run("nft", "delete", "table", family, table, check=False)
    if run("ip", "link", "show", HOST_INTERFACE, check=False).returncode == 0:
        run("ip", "link", "delete", HOST_INTERFACE)
    if _FORWARDING_BEFORE.exists():
        _FORWARDING.write_text(_FORWARDING_BEFORE.read_text())
    # The kernel takes a pod's interface away with its namespace, a moment after the last process ends.
    wait_until(lambda: not pod_interfaces(), "the pods' interfaces to go")


def pod_interfaces() -> list[str]:
    """Return the host's ends of the pods' cables: the interfaces with routes into the pod range."""
    routes = run("ip", "route", "show", "root", POD_RANGE).stdout.split("\n")
    return [words[words.index("dev") + 1] for line in routes if "dev" in (words := line.split())]
