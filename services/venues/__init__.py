"""services/venues: venues, reservations, certification of bases. So far: a first registry."""
