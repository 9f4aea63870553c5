"""Read tables: catalogues, queries, qrels and labels are all read by the same rules."""

from core.base.tables.file_report import FileReport, LeftOut, Reading
from core.base.tables.jsons import json_lines
from core.base.tables.parquet import parquet_metadata
from core.base.tables.table import TABLE_ENDINGS, Table, TextFile, open_lines, open_table
from core.base.tables.table_rows import BadTable, Content, TableRow
from core.base.tables.text_lines import Line
from core.base.tables.trec_lines import is_qrels_line, is_topics, topics

__all__ = [
    "TABLE_ENDINGS",
    "BadTable",
    "Content",
    "FileReport",
    "LeftOut",
    "Line",
    "Reading",
    "Table",
    "TableRow",
    "TextFile",
    "is_qrels_line",
    "is_topics",
    "json_lines",
    "open_lines",
    "open_table",
    "parquet_metadata",
    "topics",
]
