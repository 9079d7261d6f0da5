"""The one table of what each kind of stage needs; the engine (applications) knows no stage."""

from services.venues.applications.gates import StageWork
from services.venues.programmes.definition import StageKind

WORK: dict[StageKind, StageWork] = {kind: StageWork() for kind in StageKind}
