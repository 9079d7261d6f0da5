"""Stations (阵地) and posts: where a division does its work, who leads it, who holds which post.

A station is public; whom to ask there is for staff within reach, masked. A post is a person holding
a role at a division, or at a station of it, from a day to a day: held, to come or ended follows
from the days. Nothing here is deleted but a post that has not begun.
"""
