from collections.abc import Iterable

import numpy as np


class NearestSearch:
    """Finds the members of a database that are nearest to each query by Euclidean distance.

    The queries are [q, values]. The database is given in chunks to `add`.

    A squared distance is |q|^2 - 2 q.d + |d|^2 in float64. Its rounding error is far smaller than the
    difference between two images.

    Example:

    >>> search = NearestSearch(np.array([[1.2], [4.0]]), count=2)
    >>> for chunk in np.array_split(np.array([[0.0], [1.0], [5.0], [1.5]]), 2):
    ...     search.add(chunk)
    >>> search.indices
    array([[1, 3],
           [2, 3]])
    """

    def __init__(self, queries: np.ndarray, count: int):
        self._queries = queries.astype(np.float64)
        self._squares = np.square(self._queries).sum(axis=1, keepdims=True)
        self._count = count
        self._seen = 0
        self._distances = np.empty((len(queries), 0))
        self._indices = np.empty((len(queries), 0), np.int64)

    def add(self, chunk: np.ndarray) -> None:
        """Compares every query with a chunk, [m, values]."""
        squared = _squared_distances(self._queries, self._squares, chunk)
        places = np.broadcast_to(np.arange(self._seen, self._seen + len(chunk)), squared.shape)
        self._seen += len(chunk)
        distances = np.concatenate([self._distances, squared], axis=1)
        indices = np.concatenate([self._indices, places], axis=1)
        best = np.argsort(distances, axis=1, kind="stable")[:, : self._count]
        self._distances = np.take_along_axis(distances, best, axis=1)
        self._indices = np.take_along_axis(indices, best, axis=1)

    @property
    def values(self) -> int:
        return self._queries.shape[1]

    @property
    def indices(self) -> np.ndarray:
        """int64 [q, count], nearest first; at equal distance the smaller index."""
        return self._indices


def _squared_distances(queries: np.ndarray, squares: np.ndarray, chunk: np.ndarray) -> np.ndarray:
    chunk = chunk.astype(np.float64)
    return squares - 2 * queries @ chunk.T + np.square(chunk).sum(axis=1)


def same_class_share(indices: np.ndarray, labels: np.ndarray, query_labels: np.ndarray) -> np.ndarray:
    """For each query, the share of its neighbours that have its class: float64 [q].

    Args:
        indices: [q, count], indices into `labels`.

    Example:

    >>> same_class_share(np.array([[0, 1], [1, 2]]), np.array([7, 8, 8]), np.array([7, 8])).tolist()
    [0.5, 1.0]
    """
    return (labels[indices] == query_labels[:, np.newaxis]).mean(axis=1)


def nearer_share(queries: np.ndarray, database: Iterable[np.ndarray], indices: np.ndarray) -> np.ndarray:
    """The share of a database that is nearer to each query than each given member is: float64 [q, count].

    All distances are held in memory, 8 bytes each.

    Args:
        queries: [q, values].
        database: chunks [m, values].
        indices: int64 [q, count], the given members of the database for each query.

    Example:

    >>> points = np.array([[0.0], [1.0], [5.0], [1.5]])
    >>> nearer_share(np.array([[1.2]]), np.array_split(points, 2), np.array([[1, 0, 2]])).tolist()
    [[0.0, 0.5, 0.75]]
    """
    queries = queries.astype(np.float64)
    squares = np.square(queries).sum(axis=1, keepdims=True)
    distances = np.concatenate([_squared_distances(queries, squares, chunk) for chunk in database], axis=1)
    chosen = np.take_along_axis(distances, indices, axis=1)
    return np.stack([(distances < member[:, np.newaxis]).mean(axis=1) for member in chosen.T], axis=1)
