"""What can go wrong behind the API.

StatusApiError
├── Unavailable   the cluster, the database, the storage or the identity provider does not answer: 503
├── QuotaSpent    the namespace has as many requests as it may: 429
├── NotAccepted   the cluster understood the request and refuses it: 422
├── BadCursor     a cursor that this API did not write: 422
└── Unauthorised  a token that is not valid: 401
    └── NoTenant  a valid token whose owner has no tenant here: 403
"""

from __future__ import annotations


class StatusApiError(Exception):
    """Base of this package's errors."""


class Unavailable(StatusApiError):
    """Something behind the API does not answer; the same call may work later."""


class QuotaSpent(StatusApiError):
    """The namespace has as many requests as the cluster lets it have."""


class NotAccepted(StatusApiError):
    """The cluster refuses this request; the message says why."""


class BadCursor(StatusApiError):
    """The cursor was not written by this API."""


class Unauthorised(StatusApiError):
    """The token is missing, malformed, expired, forged, or meant for another service."""


class NoTenant(Unauthorised):
    """The token is valid, and names no tenant of this installation."""
