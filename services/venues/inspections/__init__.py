"""Inspections: the visit before a name is given, and the checks after it.

    site_visit   of an application, in its stage: the gate asks for its result
    annual       every base, every year
    evaluation   every cycle: 优秀 / 合格 / 整改 / 不合格 as the programme says
    random       unannounced; who is visited is drawn, and the draw can be replayed (samples)
    recheck      of a rectification: passed, and the honour stands again; failed, and removal may
                 be proposed, which is decided elsewhere (honours)

A clock makes the rows that are due (scheduling.py), so what nobody did is seen as overdue. What was
found is for the venue's eyes once it is released; it answers with words and evidence. The grade of
an evaluation is for everybody from then on: it is published at once, with no notice of its own
(docs/decisions/0023).
"""
