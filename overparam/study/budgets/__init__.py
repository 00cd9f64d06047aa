"""Wide networks that are trained for fewer epochs, to be compared with narrow ones where both fit equally well."""
