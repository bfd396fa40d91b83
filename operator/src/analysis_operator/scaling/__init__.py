"""KEDA: the ScaledObject of each pool, and the backlog that KEDA sizes it by."""
