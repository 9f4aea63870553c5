"""Loaders: they build an encoder from the towers of a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.domain.engine import COMPACT, FULL, Engine, Towers
from core.ports.encoder import Encoder
from core.settings import Settings
from core.weights.store import WeightStore

#: Prefix of a model name that is a role of the weight registry, which fetches and checks it.
ROLE = "role:"
#: Prefix of a model name that is a folder with a checkpoint of ``open_clip``.
LOCAL_DIR = "local-dir:"


@dataclass(frozen=True, slots=True)
class Recipe:
    """The input from which a loader builds an encoder.

    Attributes:
        engine: The engine.
        towers: Its towers in the settings' profile.
        settings: Settings with device and number format.
        weights: Store of the weight files.
        compact: Returns the compact encoder, which several engines share.
    """

    engine: Engine
    towers: Towers
    settings: Settings
    weights: WeightStore
    compact: Callable[[], Encoder]

    def location(self, scheme: str = "") -> str:
        """Return the model's name; for a role, the scheme and the folder of its weights."""
        model = self.towers.model
        if not model.startswith(ROLE):
            return model
        return f"{scheme}{self.weights.path(model.removeprefix(ROLE))}"


def named_role(towers: Towers) -> tuple[str, ...]:
    """Return the role in the model's name, if it has one."""
    return (towers.model.removeprefix(ROLE),) if towers.model.startswith(ROLE) else ()


def no_problem(engine: Engine, towers: Towers) -> str:
    """Return an empty text: the check of a loader that only needs its weights."""
    return ""


@dataclass(frozen=True, slots=True)
class Loader:
    """A way to load towers; a new one needs a module with ``build`` and an entry in ``LOADERS``.

    Attributes:
        name: Its name in recipes.
        build: Builds the encoder; models load on first use.
        roles: Returns the roles of the weight registry that it needs.
        problem: Returns why these towers can't be loaded here, one sentence, or an empty text.
        checkpoint: Model name that means the recipe's own folder, for trained checkpoints.
        profiles: Profiles in which a trained checkpoint runs.
        takes_adapter: Whether an adapter can be trained after its image tower, on stored vectors.
    """

    name: str
    build: Callable[[Recipe], Encoder]
    roles: Callable[[Towers], tuple[str, ...]] = named_role
    problem: Callable[[Engine, Towers], str] = no_problem
    checkpoint: str = "."
    profiles: tuple[str, ...] = (COMPACT, FULL)
    takes_adapter: bool = False
