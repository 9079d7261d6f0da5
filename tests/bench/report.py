"""How a figure is told: measured, ceiling, ratio, goal."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of `make bench`. `reached` compares with the goal that the issue set."""

    name: str
    value: str
    ceiling: str
    ratio: str
    goal: str
    reached: bool

    def line(self) -> str:
        """The line as printed."""
        mark = "✓" if self.reached else "✗"
        return f"{mark} {self.name:<44} {self.value:>20} {self.ceiling:>20} {self.ratio:>8}  {self.goal}"


HEAD = f"  {'':<44} {'measured':>20} {'ceiling':>20} {'ratio':>8}  goal"


def ratio(name: str, ours: list[float], ceiling: list[float], goal: float, unit: str) -> Figure:
    """Medians of alternating rounds, ours over the ceiling."""
    mine, best = sorted(ours)[len(ours) // 2], sorted(ceiling)[len(ceiling) // 2]
    found = mine / best
    return Figure(
        name,
        f"{mine:,.0f} {unit}",
        f"{best:,.0f} {unit}",
        f"{found:.2f}",
        f"≥ {goal}",
        found >= goal,
    )


def at_most(name: str, milliseconds: float, goal: float) -> Figure:
    """A p95 below a goal."""
    return Figure(name, f"{milliseconds:.1f} ms", "", "", f"< {goal:g} ms", milliseconds < goal)
