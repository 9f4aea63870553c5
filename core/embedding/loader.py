"""What a loader is: how the towers of a recipe become an encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.domain.engine import Engine, Profile, Towers
from core.ports.encoder import Encoder
from core.settings import Settings
from core.weights.store import WeightStore

#: Marks a model name as a role of the weight registry, which fetches and checks it.
ROLE = "role:"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an encoder is built from.

    Attributes:
        engine: The engine.
        towers: Its towers in the settings' profile.
        settings: Device and number format.
        weights: Where files come from.
        compact: Gives the compact encoder, which several engines share.
    """

    engine: Engine
    towers: Towers
    settings: Settings
    weights: WeightStore
    compact: Callable[[], Encoder]

    def location(self, scheme: str = "") -> str:
        """The model's name, or the scheme and the folder of the weights that its role names."""
        model = self.towers.model
        if not model.startswith(ROLE):
            return model
        return f"{scheme}{self.weights.path(model.removeprefix(ROLE))}"


def named_role(towers: Towers) -> tuple[str, ...]:
    """The role of the weight registry that the model's name gives, if any."""
    return (towers.model.removeprefix(ROLE),) if towers.model.startswith(ROLE) else ()


def no_problem(engine: Engine, towers: Towers) -> str:
    """A loader that has nothing to check besides the weights."""
    return ""


@dataclass(frozen=True, slots=True)
class Loader:
    """One way of loading towers; a new one is a module with a ``LOADER`` and a line in ``LOADERS``.

    Attributes:
        name: As recipes name it.
        build: Makes the encoder; models load on first use.
        roles: Weights of the registry that it needs.
        problem: Why these towers can't be loaded here, as a sentence, or empty.
        checkpoint: What the recipe of a trained checkpoint calls its own folder.
        profiles: Profiles in which a trained checkpoint runs.
        takes_adapter: An adapter can be trained behind its image tower, on stored vectors.
    """

    name: str
    build: Callable[[Recipe], Encoder]
    roles: Callable[[Towers], tuple[str, ...]] = named_role
    problem: Callable[[Engine, Towers], str] = no_problem
    checkpoint: str = "."
    profiles: tuple[Profile, ...] = tuple(Profile)
    takes_adapter: bool = False
