"""services/events: the five-tier network, campaigns, activities, registrations, reporting."""
