"""Calendar feeds (iCalendar, RFC 5545) of what is public: per division, campaign and activity."""
