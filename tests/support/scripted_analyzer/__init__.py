"""An analyzer that does what the object tells it to: for injecting faults, and for benchmarks.

It stands on the real kit: the same service, wire, child process and S3 reads. The object is JSON such as
``{"seconds": 5, "verdict": "Suspicious", "score": 70}`` or ``{"crash": "sigkill"}`` (also ``oom``, ``hang``).
With ``GUARDIAN_NULL=1`` it answers at once, without S3 and without a child: what is left is everybody else's time.
"""
