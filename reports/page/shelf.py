"""What a server has at hand: the page and the answers, made anew when the store has changed."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reports.document import content_id
from reports.errors import DamagedDocumentError
from reports.judging.accepted_file import read_acceptances
from reports.judging.policy_file import read_policy
from reports.layout import RUNS, require_store
from reports.page.page import build_page
from reports.store import Store
from reports.strict_json import read_bytes

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from reports.judging.policy_file import ProjectPolicy
    from reports.series import Series, SeriesKey

PAGE_TYPE: Final = "text/html; charset=utf-8"
_WHOLE: Final = 50  # series that are told with their values; of more only the keys
_KEYS: Final = 5_000


class Shelf:
    """The newest answers of one store. Safe to share between threads.

    A `Store` belongs to one thread, so each time it is opened, asked and closed by whoever asks,
    one at a time.

    Args:
        index: Where the index is, as `Store` takes it.
        project: The pyproject.toml that says how strict judging is and what was accepted, or None.

    Raises:
        NoStoreError: There is no store at the path.
    """

    __slots__ = ("_index", "_lock", "_page", "_page_of", "_path", "_project", "built")

    def __init__(
        self, path: Path, index: str | None = None, *, project: Path | None = None
    ) -> None:
        require_store(path)
        self._path = path
        self._index = index
        self._project = project
        self._lock = threading.Lock()
        self._page = b""
        self._page_of: Hashable = None
        self.built = 0  # how often the page was drawn

    def page(self) -> bytes:
        """Return the page; it is drawn anew when runs came or went, or a change was accepted."""
        with self._lock:
            # Looked up before drawing: what comes meanwhile makes the next request draw again.
            project = read_policy(self._project)
            sources = (self._runs(), _version(self._project), _version(project.accepted))
            if sources != self._page_of:
                self._page = self._drawn(project)
                self._page_of = sources
                self.built += 1
            return self._page

    def run(self, run_id: str) -> bytes:
        """Return one run's document as it lies in the store, checked against its name.

        Raises:
            DamagedDocumentError: There is none, or it is no longer what was written.
        """
        name = f"{run_id}.json"
        data = read_bytes(self._path / RUNS / name)
        if content_id(data) != run_id:
            raise DamagedDocumentError(name, "its content is not what its name says")
        return data

    def series(self, **wanted: str) -> dict[str, Any]:
        """Return the series whose key has all of `wanted`: benchmark, metric, environment.

        Few come with their values, many as keys alone; `left_out` says how many not even so.
        """
        with self._lock, Store(self._path, self._index) as store:
            keys = [key for key in store.series_keys() if _fits(key, wanted)]
            found = [store.series(key) for key in keys] if len(keys) <= _WHOLE else []
        if len(keys) <= _WHOLE:
            return {"series": [_series_json(one) for one in found if one is not None]}
        return {
            "keys": [_key_json(key) for key in keys[:_KEYS]],
            "left_out": max(len(keys) - _KEYS, 0),
        }

    def _drawn(self, project: ProjectPolicy) -> bytes:
        with tempfile.TemporaryDirectory(prefix="holdfast-page-") as folder:
            target = Path(folder) / "index.html"
            accepted = read_acceptances(project.accepted)
            with Store(self._path, self._index) as store:
                build_page(store, target, policy=project.policy, accepted=accepted)
            return target.read_bytes()

    def _runs(self) -> frozenset[str]:
        try:
            return frozenset(os.listdir(self._path / RUNS))  # noqa: PTH208  # names alone: may be many
        except FileNotFoundError:
            return frozenset()


def _version(file: Path | None) -> tuple[int, int] | None:
    """Return what changes when a file does, or None where there is none."""
    try:
        found = file.stat() if file is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size)


def _fits(key: SeriesKey, wanted: dict[str, str]) -> bool:
    return all(getattr(key, name) == value for name, value in wanted.items())


def _key_json(key: SeriesKey) -> dict[str, str]:
    return {"benchmark": key.benchmark, "metric": key.metric, "environment": key.environment}


def _series_json(series: Series) -> dict[str, Any]:
    return {
        **_key_json(series.key),
        "unit": series.unit,
        "direction": series.direction.name.lower(),
        "runs": [
            {
                "run": run.stamp.run_id,
                "commit": run.stamp.commit_id,
                "position": run.stamp.position,
                "dirty": run.stamp.dirty,
                "written_at": run.stamp.written_at.isoformat(),
                "value": run.value,
                "q1": run.q1,
                "q3": run.q3,
            }
            for run in series.runs
        ],
        "points": _points_json(series),
    }


def _points_json(series: Series) -> Sequence[dict[str, Any]]:
    return [
        {"label": point.label, "median": point.median, "runs": len(point.values)}
        for point in series.points()
    ]
