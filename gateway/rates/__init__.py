"""How often somebody may ask: by principal or address, by class of route."""
