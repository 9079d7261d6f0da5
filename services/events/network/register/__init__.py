"""The division register as data: today's divisions, former ones, and their successors."""
