"""The nouns of the studio, as small frozen dataclasses that every room speaks."""

from core.domain.catalog import CatalogInfo, IndexReport, Progress, QuarantinedRow
from core.domain.correction import Correction, Corrections, Stage
from core.domain.engine import Engine, EngineStatus, ImageView, Profile, TextView, Towers
from core.domain.evaluation import (
    EngineScores,
    EvalQuery,
    EvalTask,
    PairedTest,
    Qrels,
    QueryRow,
    Ranking,
    Report,
    Run,
    Score,
    Slice,
)
from core.domain.geometry import Box
from core.domain.grounding import WHOLE_PHOTO, Detection, Grounding, Mask
from core.domain.inspection import EngineInput, Inspection
from core.domain.item import Item, Photo
from core.domain.judge import JudgeGrade, JudgeReport, JudgeTask
from core.domain.judgment import (
    GRADES,
    EventKind,
    JudgingProgress,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
)
from core.domain.review import RewriteView, WorthALook, Writer
from core.domain.rewrite import Rewrite, RewriteProgress, RewriteReport, RewriteRun, Round
from core.domain.search import Comparison, Filters, Hit, Query, SearchResult
from core.domain.usage import Call, Spent, Usage

__all__ = [
    "GRADES",
    "WHOLE_PHOTO",
    "Box",
    "Call",
    "CatalogInfo",
    "Comparison",
    "Correction",
    "Corrections",
    "Detection",
    "Engine",
    "EngineInput",
    "EngineScores",
    "EngineStatus",
    "EvalQuery",
    "EvalTask",
    "EventKind",
    "Filters",
    "Grounding",
    "Hit",
    "ImageView",
    "IndexReport",
    "Inspection",
    "Item",
    "JudgeGrade",
    "JudgeReport",
    "JudgeTask",
    "JudgingProgress",
    "JudgmentEvent",
    "JudgmentQuery",
    "JudgmentSet",
    "Mask",
    "Pair",
    "PairedTest",
    "Photo",
    "Profile",
    "Progress",
    "Qrels",
    "QuarantinedRow",
    "Query",
    "QueryRow",
    "Ranking",
    "Report",
    "Rewrite",
    "RewriteProgress",
    "RewriteReport",
    "RewriteRun",
    "RewriteView",
    "Round",
    "Run",
    "Score",
    "SearchResult",
    "Slice",
    "Spent",
    "Stage",
    "TextView",
    "Towers",
    "Usage",
    "WorthALook",
    "Writer",
]
