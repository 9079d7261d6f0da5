"""Site visits, checks, evaluations, and rectification."""
