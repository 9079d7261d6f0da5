"""Changes of divisions on live data: an order is entered, rehearsed, and applied as a job.

The register is changed and the change announced first; from then on whatever is written at an old
code stands at its successor (kit/recoding.py). Then rows that stand there move, batch by batch,
then the figures. What is where it was recorded stays said: `recorded_code`, and `?map=then`.
"""
