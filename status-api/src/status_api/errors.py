"""What can go wrong behind the API.

StatusApiError
├── Unavailable   the cluster, the database, the storage or the identity provider does not answer: 503
├── NotAccepted   the cluster understood the request and will not have it: 422
├── BadCursor     a cursor that this API did not give: 400
└── Unauthorised  a token that opens nothing: 401
    └── NoTenant  a good token of somebody who has no tenant here: 403
"""

from __future__ import annotations


class StatusApiError(Exception):
    """Base of this package's errors."""


class Unavailable(StatusApiError):
    """Something behind the API does not answer; the same call may work later."""


class NotAccepted(StatusApiError):
    """The cluster will not have this request; the message says why."""


class BadCursor(StatusApiError):
    """No cursor that this API gave."""


class Unauthorised(StatusApiError):
    """The token is missing, malformed, expired, forged, or meant for somebody else."""


class NoTenant(Unauthorised):
    """The token is good, and names no tenant of this installation."""
