"""Self-assessment: what an applicant says of itself, and what the platform knows already.

    files      evidence for a material or a criterion, sent in pieces and checked by content
    figures    points that live data give (applications/measures.py): nobody writes them
    answers    points and words for what the platform cannot know
    snapshot   taken at each submission, never changed: a later look shows what was decided on

`gate.py` says what is still missing, `blind.py` what experts are shown.
"""
