"""Command line of the local cluster: python -m tests.cluster up|down|status|…"""

import argparse
import sys

from tests.cluster import find_cluster, get_cluster
from tests.cluster.builder import KUBECONFORM, MODULES, OPENTOFU, OTELCOL, TFLINT, ensure_tools
from tests.cluster.shell import CommandError


def main() -> int:
    """Run one command and return the exit status."""
    try:
        return _run(_parse())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (CommandError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    cluster = find_cluster(arguments.name)
    plain = {"down": cluster.down, "install-keda": cluster.install_keda, "remove-keda": cluster.remove_keda}
    if arguments.command in plain:
        plain[arguments.command]()
    elif arguments.command == "up":
        get_cluster(arguments.name, reuse=not arguments.fresh)
    elif arguments.command == "status":
        status = cluster.status()
        for part, state in status.parts.items():
            print(f"{part:28} {state}")
        print("healthy" if status.healthy else "not running" if not status.parts else "unhealthy")
        return 0 if status.healthy else 1
    elif arguments.command == "build-tools":
        for folder in ensure_tools((*MODULES, OPENTOFU, TFLINT, KUBECONFORM, OTELCOL)).folders:
            print(folder)
    elif arguments.command == "build-images":
        for name in cluster.build_images(arguments.targets, tag=arguments.tag).values():
            print(f"{name}  {cluster.image_size(name) / 1e6:.0f} MB")
    elif arguments.command == "kubeconfig":
        print(cluster.kubeconfig)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--name", default="silver-guardian", help="name of the cluster")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start it, or do nothing if it runs and is healthy")
    up.add_argument("--fresh", action="store_true", help="remove a running one first")
    commands.add_parser("down", help="remove it and all it left on the machine")
    commands.add_parser("status", help="say what runs; exit status 0 if it is healthy")
    commands.add_parser("install-keda", help="install KEDA on the running cluster, and wait until it works")
    commands.add_parser("remove-keda", help="remove KEDA, its definitions and every object of theirs")
    commands.add_parser("build-tools", help="install and build what the cluster and the tests need")
    commands.add_parser("kubeconfig", help="print where the administrator's kubeconfig is")
    build = commands.add_parser("build-images", help="build targets of the root Dockerfile and load them")
    build.add_argument("targets", nargs="+")
    build.add_argument("--tag", default="dev")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
