"""Model weights: registry, sources, fetching, checking and converting."""

from core.weights.registry import DETECTORS, REGISTRY, WeightSpec, used_by
from core.weights.store import WeightStatus, WeightStore

__all__ = ["DETECTORS", "REGISTRY", "WeightSpec", "WeightStatus", "WeightStore", "used_by"]
