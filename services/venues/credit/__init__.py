"""Credit checks (信用核查): what a provider says about a host institution, and what follows.

A check waits until its provider has answered: an outage, a slow or unreadable answer, a wrong
signature or an institution that the provider does not know leave it waiting with the reason, and
nothing passes. An answer is kept as a dated document signed by this installation. A red line is a
veto (一票否决) until a repair or an upheld appeal is recorded and a new answer is clear.

The provider is the list that the province imports (listed.py), or behind one JSON contract over
HTTP whatever CREDIT_URL names (port.py).
"""
