"""Settings from environment, command line and defaults; one frozen object that is passed down.

Environment variables start with ``VLCLIP_`` (``VLCLIP_DATA_DIR`` …); ``PORT`` and
``ANTHROPIC_API_KEY`` are read under the names that everybody uses, and so are Gradio's own
``GRADIO_SERVER_NAME`` and ``GRADIO_SERVER_PORT``, which hosts set. ``Spacefile`` declares them.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

import platformdirs
from pydantic import (
    AliasChoices,
    Field,
    PrivateAttr,
    SecretStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.domain.bucket_address import BucketAddress, is_address
from core.domain.engine import COMPACT, Engine, Towers
from core.domain.profile import ProfileRecipe
from core.errors import SettingsError, no_such

#: Folder of the shipped data (recipes, prompts, vocabularies, the text tower, the demo).
SHIPPED = Path(__file__).resolve().parent.parent / "data"

#: Host names and addresses of this machine that other machines can't reach.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

#: Folder below the cache with the copies of data directories in buckets.
BUCKETS = "buckets"

#: Folder of the profiles' files, of those that ship and of a data directory.
PROFILES = "profiles"
_PROFILE_ENDINGS = (".toml", ".json")


def profile_files(data_dir: Path) -> dict[str, Path]:
    """Return the profiles' files by name; those of a data directory replace shipped ones."""
    folders = (SHIPPED / PROFILES, data_dir / PROFILES)
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def read_profile(profile: str, data_dir: Path) -> ProfileRecipe:
    """Read a profile's file: the data directory's own if it has one, else the shipped one.

    Args:
        profile: Its name, or the path of a TOML or JSON file.
        data_dir: The data directory.

    Raises:
        SettingsError: There is none, or it can't be used; the sentence names the file and what is
            wrong.
    """
    files = profile_files(data_dir)
    if profile not in files and not profile.endswith(_PROFILE_ENDINGS):
        raise no_such(SettingsError, "profile", profile, files)
    path = files.get(profile) or Path(profile)
    try:
        text = path.read_text("utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        if not isinstance(table, dict):
            raise SettingsError(f"The profile {path} holds no fields, but a list or a value.")
        if unknown := table.keys() - ProfileRecipe.__slots__:
            raise SettingsError(f"The profile {path} has the unknown field “{min(unknown)[:40]}”.")
        recipe = _PROFILE.validate_python(table)
        return replace(recipe, engines=recipe.engines or path.stem)
    except (OSError, ValueError) as error:
        if isinstance(error, ValidationError):
            raise _unusable(path, error) from None
        raise SettingsError(f"The profile {path} can't be read: {error}.") from None


def _unusable(path: Path, error: ValidationError) -> SettingsError:
    problem = error.errors(include_input=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    return SettingsError(f"The profile {path} is not usable: {field}: {problem['msg']}.")


_PROFILE = TypeAdapter(ProfileRecipe)


def _threshold(given: dict[str, Any]) -> float:
    """Return τ of the profile's grounder, because scores of different grounders differ."""
    return _profile_of(given).threshold


def _side(given: dict[str, Any]) -> int:
    return _profile_of(given).side


def _profile_of(given: dict[str, Any]) -> ProfileRecipe:
    return read_profile(given.get("profile", COMPACT), given.get("data_dir", Path()))


class Settings(BaseSettings):
    """All options of an installation."""

    model_config = SettingsConfigDict(
        env_prefix="VLCLIP_", frozen=True, extra="ignore", populate_by_name=True
    )

    data_dir: Path = Field(
        Path("studio-data"),
        description="Where catalogues and judgments live: a folder, or s3://BUCKET/PREFIX (gs://, "
        "az://).",
    )
    bucket: str = Field(
        "",
        description="The same as s3://… in VLCLIP_DATA_DIR, where VLCLIP_DATA_DIR shall name the "
        "folder of this server's copies.",
    )
    picture_copies_mb: int = Field(
        2000,
        ge=10,
        description="With a data directory in a bucket: most space for this server's copies of "
        "pictures, megabytes; those that were used longest ago are deleted.",
    )
    catalog: str = Field(
        "",
        max_length=60,
        description="Catalogue that answers where none is named; empty: as chosen on Catalog.",
    )
    cache_dir: Path = Field(
        Path(platformdirs.user_cache_dir("vl-clip-studio")),
        description="Where downloaded model weights are kept, shared by all data directories.",
    )
    weights_dir: Path | None = Field(
        None,
        description="Folder with models of the full profile, where the hub is not used: a folder "
        "per role of `weights list`.",
    )
    profile: str = Field(
        COMPACT,
        pattern=r"^([a-z0-9][a-z0-9-]{0,59}|.{1,1000}\.(toml|json))$",
        description="Set of models: compact, full, or a profile of your own, by name or by the "
        "path of its TOML or JSON file.",
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias=AliasChoices("VLCLIP_HOST", "GRADIO_SERVER_NAME"),
        description="Address to serve on.",
    )
    port: int = Field(
        7860,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("VLCLIP_PORT", "PORT", "GRADIO_SERVER_PORT"),
        description="Port to serve on.",
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N.")
    runtime: Literal["auto", "torch", "onnx"] = Field(
        "auto",
        description="What runs the compact models on a CPU; auto measures once which is faster.",
    )
    precision: Literal["auto", "float32", "bfloat16", "int8"] = Field(
        "auto", description="Number format of the image tower; int8 needs ONNX Runtime."
    )
    written_queries: bool = Field(
        True,
        description="English queries are also written as a picture that the image tower reads.",
    )
    models: str = Field(
        "",
        pattern=r"^(https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?/?)?$",
        description="Address of a pool of models that embeds queries (serve-models), such as "
        "http://10.0.0.5:7870; empty: they run in this process.",
    )
    models_token: SecretStr | None = Field(
        None,
        min_length=20,
        description="Token that the pool of models asks for; the same there and here.",
    )
    indexing_memory_mb: int = Field(
        256, ge=16, description="Memory for the photos that indexing has under way, megabytes."
    )
    spare_memory_mb: int = Field(
        6000,
        ge=0,
        description="Indexing lets go of models that it does not need at the moment while less "
        "memory than this is free, megabytes.",
    )
    search_index_mb: int = Field(
        1500,
        ge=0,
        description="Most memory that the search index of one engine may take with full vectors, "
        "megabytes; a larger one is compressed, and its best results are ranked again.",
    )
    embed_all_photos: bool = Field(
        False,
        description="Embed all photos of an item, not the first alone; the best one counts.",
    )
    fold_photos: bool = Field(
        False,
        description="Photos of new items that look like an earlier item's (perceptual hash and "
        "colours) are taken to be that photo: grounded and embedded once.",
    )
    threads: int = Field(0, ge=0, description="CPU threads for the models; 0 takes one per core.")
    grounding_threshold: float = Field(
        default_factory=_threshold,
        validate_default=True,
        ge=0,
        le=1,
        description="τ: smallest detection score that is cropped to; 0.2 in compact, 0.35 in full.",
    )
    grounding_side: int = Field(
        default_factory=_side,
        validate_default=True,
        ge=0,
        le=4000,
        description="Pixels of the shorter edge of the pictures that a detector gets; 0 is its own "
        "size (800 for Grounding DINO). Fewer are faster and see less.",
    )
    crop_padding: float = Field(
        0.05, ge=0, le=1, description="Padding of the crop, as a share of the box's longer side."
    )
    max_image_megapixels: float = Field(
        100, gt=0, description="Larger pictures are refused before they are decoded."
    )
    max_upload_mb: int = Field(20, gt=0, description="Largest picture file that is taken.")
    vl_clip_checkpoint: Path | None = Field(
        None, description="open_clip local-dir checkpoint for vl-clip in the full profile."
    )
    sam_checkpoint: Path | None = Field(
        None, description="Official SAM .pth file for the full profile, where the hub is not used."
    )
    anthropic_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("ANTHROPIC_API_KEY", "VLCLIP_ANTHROPIC_API_KEY"),
        description="Key for the rewriting agent; without it the offline rules write.",
    )
    rewriter: Literal["rules", "claude"] = Field(
        "rules", description="Who rewrites titles: the offline rules, or claude (needs a key)."
    )
    rewrite_model: str = Field(
        "claude-haiku-5-5", min_length=1, description="Model of the rewriting agent."
    )
    rewrite_effort: Literal["", "low", "medium", "high", "xhigh", "max"] = Field(
        "",
        description="How much the agent's model thinks: low, medium, high, xhigh or max; empty "
        "leaves it to the model. Not every model knows it.",
    )
    rewrite_rounds: int = Field(
        5, ge=1, le=10, description="Most rounds of draft and verdict of the rewriting agent."
    )

    rewrite_timeout: float = Field(
        120, gt=0, description="Longest wait for one answer of the rewriting agent, seconds."
    )
    rewrite_concurrency: int = Field(
        4, ge=1, le=64, description="Questions of the rewriting agent under way at once."
    )
    rewrite_patience: float = Field(
        600, ge=0, description="How long an overloaded server is asked again, seconds."
    )
    rewrite_budget: float | None = Field(
        None, gt=0, description="Most dollars that one rewriting job may spend; empty is no cap."
    )

    users_file: Path | None = Field(
        None, description="Who may sign in (default: users.json in the data directory)."
    )
    user_header: str = Field(
        "", description="Request header in which a trusted proxy names the signed-in user."
    )
    space_sign_in: bool = Field(
        False, description="On a Hugging Face Space with hf_oauth: its users sign in to act."
    )

    search_while_judging: bool = Field(
        True,
        description="Annotators may search by words, and viewers with engines, in a catalogue of "
        "which a set is still being judged; off: until then only those who lead search it.",
    )

    allowed_hosts: str = Field(
        "",
        pattern=r"^[^\s/]*(\s*,\s*[^\s/]+)*$",
        description="Names the studio answers to besides this machine's own, with commas.",
    )
    trusted_proxies: str = Field(
        "",
        pattern=r"^[0-9a-fA-F:./*,\s]*$",
        description="Addresses and networks of proxies whose forwarded headers count.",
    )
    events_token: SecretStr | None = Field(
        None,
        min_length=20,
        description="Token with which a shop's server sends events; more with experiments "
        "add-token.",
    )
    event_origins: str = Field(
        "",
        pattern=r"^\s*(https?://[^\s/,*]+\s*(,\s*https?://[^\s/,*]+\s*)*)?$",
        description="Shops whose pages may send events, such as https://shop.example, with commas.",
    )
    events_per_second: int = Field(
        2000, gt=0, description="Most events a second that one token may send on average."
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=20,
        description="Token with which Prometheus reads /metrics; without it only this machine may.",
    )
    frame_ancestors: str = Field(
        "",
        pattern=r"^[^;,\r\n]*$",
        description="Sites that may show the studio in a frame, as in Content-Security-Policy.",
    )
    space_host: str = Field(
        "",
        validation_alias=AliasChoices("VLCLIP_SPACE_HOST", "SPACE_HOST"),
        description="Public name on a Hugging Face Space, which sets it as SPACE_HOST.",
    )
    upload_hours: float = Field(
        2, gt=0, description="Uploaded files go when they were not used for so long, hours."
    )
    upload_quota_mb: int = Field(
        1000, gt=0, description="Most megabytes that one person may upload within those hours."
    )
    upload_total_mb: int = Field(
        5000, gt=0, description="Most megabytes that all uploads together may take on the disk."
    )

    _recipe: ProfileRecipe = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _take_bucket(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Tell the address of a bucket from a folder, and name the folder of its copies.

        Raises:
            SettingsError: It is no usable address.
        """
        folder = str(given.get("data_dir", ""))
        in_bucket = is_address(folder)
        address = folder if in_bucket else given.get("bucket", "")
        if not address:
            return given
        given = {**given, "bucket": str(BucketAddress.parse(address))}
        if in_bucket or not folder:
            cache = Path(given.get("cache_dir", platformdirs.user_cache_dir("vl-clip-studio")))
            name = hashlib.sha256(given["bucket"].encode()).hexdigest()[:16]
            given["data_dir"] = cache.absolute() / BUCKETS / name
        return given

    @model_validator(mode="after")
    def _read_profile(self) -> Self:
        self._recipe = read_profile(self.profile, self.data_dir)
        return self

    @property
    def recipe(self) -> ProfileRecipe:
        """The content of the profile's file, as it was when these settings were made."""
        return self._recipe

    def towers(self, engine: Engine) -> Towers | None:
        """Return the engine's encoder towers in this profile, or ``None`` if it has none."""
        return self._recipe.towers_of(engine)

    @property
    def is_local(self) -> bool:
        """Whether only this machine is meant to reach the pages."""
        own = self.host.lower() in LOOPBACK
        return own and not self.space_host and self.host_names <= LOOPBACK

    @property
    def host_names(self) -> frozenset[str]:
        """The names of ``allowed_hosts``, lower case."""
        names = (name.strip().lower() for name in self.allowed_hosts.split(","))
        return frozenset(name for name in names if name)

    @property
    def shop_origins(self) -> frozenset[str]:
        """The origins of ``event_origins``, lower case."""
        origins = (origin.strip().lower() for origin in self.event_origins.split(","))
        return frozenset(origin for origin in origins if origin)

    @property
    def shipped(self) -> Path:
        """Folder of what ships with the project."""
        return SHIPPED


def load_settings(**overrides: object) -> Settings:
    """Build settings from the environment and explicit overrides (``None`` means "not given").

    Raises:
        SettingsError: A value is not usable; the sentence names the setting, never its value.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        )
        raise SettingsError(f"These settings are not usable: {problems}.") from None
