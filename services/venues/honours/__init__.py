"""Honours, what becomes of them, their certificates and how anybody verifies one.

    grant       at the end of an application (actions.py); or entered from a public page
    steps       confirm, rectify, suspend, reinstate, revoke, change of host, renew, upgrade,
                expire: each with reason, public decision and fact (steps.py, rules.LIFECYCLE)
    certificate one row for each edition (certifying.py), drawn when it is asked for (drawing.py),
                never while the honour may not be relied on
    credential  Open Badges 3.0 as VC-JWT, with two status lists that are read from the honours
                themselves (credentials.py), signed by did:web (signing.py)
    verify      /certificates/{number or id} with a signed stamp, and the page that the QR code
                leads to (verification.py, page_routes.py)

Numbers run in series, as plaques show them: who counts through them finds what the public list of
honours says, and nothing else. So there is nothing to hide in a number, and nothing is proved by
knowing one: what counts is the state that is answered.
"""
