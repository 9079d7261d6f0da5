"""Public notices, objections under real name, and the days that count."""
