"""Score sheets and what a panel's scores come to: whole points, means in hundredths, bands."""
