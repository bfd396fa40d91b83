"""``kubectl guardian``: requests of a cluster, for the people who make them and wait for them. docs/kubectl.md.

It is the same program as ``guardian``: kubectl finds it as a plugin by its second name, ``kubectl-guardian``.
"""
