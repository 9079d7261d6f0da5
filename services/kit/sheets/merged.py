"""Merged cells: which cells of a row lie under one, and so look filled without being so."""

Area = tuple[int, int, int, int]
"""First row, first column, last row, last column."""


class Merged:
    """The merged areas below the headings that touch our columns; asked row by row, downwards."""

    def __init__(self, areas: list[Area], header: int, columns: list[int]) -> None:
        self._columns = columns
        self._next = sorted(
            (area for area in areas if area[2] > header and (area[0], area[1]) != area[2:]),
            reverse=True,
        )
        self._here: list[Area] = []

    def covered(self, row: int) -> set[int]:
        """Our columns whose cell in this row lies under a merge and is not its first cell."""
        if not self._next and not self._here:
            return set()
        while self._next and self._next[-1][0] <= row:
            self._here.append(self._next.pop())
        self._here = [area for area in self._here if area[2] >= row]
        return {
            column
            for top, left, _, right in self._here
            for column in self._columns
            if left <= column <= right and (row, column) != (top, left)
        }
