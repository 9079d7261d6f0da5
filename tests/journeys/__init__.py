"""Stories across services, told through the gateway of a whole suite on the real register."""
