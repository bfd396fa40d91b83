"""What ends a command about a cluster: each error says in a sentence what is wrong and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from analysis_operator.errors import ApiUnavailable, Conflict, Forbidden, OperatorError, Rejected

_CALL = re.compile(r"^(?:watch )?\S+ \S+: (?=\d{3} )")
"""What an error of the API client begins with: the call, which says nothing to people."""


class ClusterError(OperatorError):
    """Base of the errors that end a command about a cluster."""


class NoCluster(ClusterError):
    """There is no cluster to ask, or it does not answer."""


class NotInstalled(ClusterError):
    """The cluster does not know the resources of Silver Guardian."""


class NotThere(ClusterError):
    """There is no object of this name."""


class NotAllowed(ClusterError):
    """The caller has no right to do this."""


class Refused(ClusterError):
    """The cluster, S3 or the state of the request does not allow what was asked for."""


class NameTaken(Refused):
    """Another object has the name."""


class TooLate(ClusterError):
    """The time that was given is over."""


@contextmanager
def plainly() -> Iterator[None]:
    """Turn the errors of the API client into those for people. Gone stays: the caller knows what was looked for."""
    try:
        yield
    except Forbidden as error:
        raise NotAllowed(f"You may not do this here: {said(error)}. Ask for a role that allows it.") from error
    except Conflict as error:
        raise NameTaken(f"The name is taken: {said(error)}.") from error
    except Rejected as error:
        raise Refused(f"The cluster does not accept this: {said(error)}.") from error
    except ApiUnavailable as error:
        raise NoCluster(
            f"The cluster does not answer: {said(error)}. Is it the right one (--context, --kubeconfig)?"
        ) from error


def said(error: OperatorError) -> str:
    """Return what the API server said, or what kept it from answering."""
    cause = error.__cause__
    text = str(cause) if isinstance(cause, OSError) and str(cause) else _CALL.sub("", str(error))
    return re.sub(r"^4\d\d (?=\S)", "", text).strip().rstrip(".")
