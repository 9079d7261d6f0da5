"""The five tiers: the register of divisions, its editions, and who succeeded whom."""
