"""Pages are served before a model is wanted: what they import at once imports no slow library."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1]
#: What ``python app.py`` imports before it serves.
START = ("core.app.studio", "ui.web_app")
#: What runs the compact models, beside their encoder and grounder, and is imported on first use.
COMPACT = (
    "core.embedding.compact",
    "core.embedding.encoder_input",
    "core.embedding.sentence_encoder",
    "core.embedding.tower_choice",
    "core.pipeline.stages",
    "core.vision.sam_encoder",
)
#: Libraries that take a second or more to import.
SLOW = {"torch", "torchvision", "transformers", "open_clip", "timm", "sklearn", "anthropic"}


def file_of(module: str) -> Path | None:
    base = PROJECT.joinpath(*module.split("."))
    places = (base.with_suffix(".py"), base / "__init__.py")
    return next((place for place in places if place.is_file()), None)


def imported_at_once(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports when it is imported itself."""
    waiting: list[ast.stmt] = list(ast.parse(path.read_text("utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            waiting += [*node.body, *node.orelse]
        elif isinstance(node, ast.Try | ast.With):
            waiting += node.body


def reached(start: tuple[str, ...], slow: set[str]) -> tuple[int, list[str]]:
    """Follow the imports; return how many of our modules are imported, and the slow ones."""
    seen: dict[str, str] = dict.fromkeys(start, "")
    waiting, reasons = list(start), []
    while waiting:
        module = waiting.pop()
        path = file_of(module)
        if path is None:
            continue
        for name in imported_at_once(path):
            if name.split(".")[0] in slow or name.startswith("scipy.stats"):
                reasons.append(f"{name}, imported by {module}, imported by {seen[module]}")
            for part in (name, name.rpartition(".")[0]):
                if part.startswith(("core", "ui")) and part not in seen:
                    seen[part] = module
                    waiting.append(part)
    return len(seen), reasons


def test_pages_import_no_model_library() -> None:
    modules, slow = reached(START, SLOW)
    assert modules > 150
    assert not slow


def test_serving_imports_no_other_command(tmp_path: Path) -> None:
    """Each is a module of its own, and some import the libraries of the models."""
    serve = "lambda studio: print(*sorted({name.split('.')[0] for name in sys.modules}))"
    code = f"import sys; from core.cli import build_cli; build_cli({serve})(sys.argv[1:])"
    command = [sys.executable, "-c", code, "--data-dir", str(tmp_path), "--port", "1"]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    imported = set(ran.stdout.split())
    assert {"core", "lancedb"} <= imported
    assert not imported & SLOW


def test_index_shows_its_progress_before_the_store_and_the_models_are_loaded() -> None:
    modules, slow = reached(("core.cli.index", "core.cli.main"), SLOW | {"lancedb", "pandas"})
    assert modules > 20
    assert not slow


def test_compact_models_in_onnx_runtime_import_no_torch() -> None:
    """It takes half a gigabyte of a served app's memory."""
    modules, slow = reached(
        ("core.embedding.multilingual", "core.vision.grounders", *COMPACT), SLOW
    )
    assert modules > 40
    assert not slow


def test_words_are_embedded_without_torch(tmp_path: Path) -> None:
    """Imports within functions count here, too."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from core.embedding.tower_choice import choose_text_tower\n"
        "from core.embedding.tower_files import TEXT_ROLE\n"
        "from core.settings import load_settings\n"
        "from core.weights import WeightStore\n"
        "store = WeightStore.from_settings(load_settings(cache_dir=Path(sys.argv[1])))\n"
        "vectors = choose_text_tower(store, TEXT_ROLE, 'onnx').encode(['chair', 'lamp'])\n"
        "print(len(vectors), *sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    count, *imported = ran.stdout.split()
    assert count == "2"
    assert "onnxruntime" in imported
    assert not SLOW & set(imported)
