"""When a venue is open: weekly hours by season, dated exceptions, days of free admission.

Rules have a first day and are never rewritten: what was open last year stays what it was.
"""
