"""Write the filled rows of an Excel workbook as JSON lines; run as a process of its own.

``python workbook_reader.py FILE BYTES``: a line per sheet with its name, and one per filled row:
its number, then its cells; it takes no more memory than so many bytes. The reader holds each sheet
as a full grid, and a few bytes can describe one of 17 billion cells; where the memory is too small
it ends its process. So this imports nothing of the studio, and limits itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import count

from python_calamine import CalamineWorkbook

#: Most bytes that are written, and most seconds of work.
_MOST_WRITTEN, _MOST_SECONDS = 2**30, 120
#: Most cells of all sheets.
_MOST_CELLS = 20_000_000


def main(path: str, memory: int) -> None:
    """Write the rows to the standard output.

    Args:
        path: The file.
        memory: Most bytes of memory.
    """
    _limit(memory)
    cells = 0
    with CalamineWorkbook.from_path(path) as book:
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            cells += sheet.total_height * sheet.total_width
            if cells > _MOST_CELLS:
                raise MemoryError
            print(json.dumps(name))
            for number, row in zip(count(1), sheet.iter_rows(), strict=False):
                if row.count("") < len(row) and any(str(cell).strip() for cell in row):
                    print(json.dumps([number, *_plain(row)]))


def _limit(memory: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_WRITTEN, _MOST_WRITTEN))
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))


def _plain(row: Sequence[object]) -> Iterator[object]:
    """Yield cells as people see them: 1001.0 is 1001, a day has no midnight."""
    for cell in row:
        if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
            yield int(cell)
        elif isinstance(cell, datetime) and cell.time() == time():
            yield cell.date().isoformat()
        elif isinstance(cell, (datetime, date, time, timedelta)):
            yield str(cell)
        else:
            yield cell


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except Exception as error:
        sys.exit(str(error)[:500] or type(error).__name__)
    except BaseException:  # a panic of the reader, which has said more than people can use
        sys.exit("It is damaged")
