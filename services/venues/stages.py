"""The one table of what each kind of stage needs; the engine (applications) knows no stage."""

from services.venues.applications.gates import StageWork
from services.venues.assessment import gate as assessment
from services.venues.credit import gate as credit
from services.venues.experts import gate as experts
from services.venues.inspections import gate as inspections
from services.venues.notices import gate as notices
from services.venues.programmes.definition import StageKind

WORK: dict[StageKind, StageWork] = {kind: StageWork() for kind in StageKind}
WORK[StageKind.SELF_ASSESSMENT] = assessment.WORK
WORK[StageKind.ELIGIBILITY] = assessment.ELIGIBILITY
WORK[StageKind.EXPERT_REVIEW] = experts.WORK
WORK[StageKind.SITE_VISIT] = inspections.WORK
WORK[StageKind.NOTICE] = notices.WORK
WORK[StageKind.NAMING] = notices.WORK
WORK[StageKind.CREDIT_CHECK] = credit.WORK
# The last line: where the rule wants a credit answer, whatever the stage, it is asked for.
WORK.update({kind: credit.with_credit(work) for kind, work in WORK.items()})
