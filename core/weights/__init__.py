"""Model weights: registry, sources, fetching, checking and converting."""

from core.weights.registry import REGISTRY, WeightSpec
from core.weights.store import WeightStatus, WeightStore

__all__ = ["REGISTRY", "WeightSpec", "WeightStatus", "WeightStore"]
