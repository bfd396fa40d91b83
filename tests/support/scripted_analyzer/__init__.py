"""An analyzer that does what the object says, for fault injection and benchmarks.

The object is JSON, read by :mod:`tests.support.scripted_analyzer.analysis`; ``{}`` is answered at once. Wire, service,
child process and limits are those of every analyzer. ``GUARDIAN_NULL=1`` answers a fixed result without S3 and without
a child, to measure what the operator costs. It imports nothing else of the tests, so that an image can carry it alone.
"""
