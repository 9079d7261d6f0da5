"""Outliers: numbers of people and places that the tier above should look at again.

Facts say which occurrence changed; its numbers are read, weighed by rules.py and kept as rows. What
staff at the division above dismiss stays dismissed until the number changes.
"""
