"""Figures for any division and period: a fold over facts."""
