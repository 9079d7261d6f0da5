"""Campaigns (全国科普月, 科技活动周 …) that activities belong to. So far: the list of real ones."""
