"""Flight SQL: the same hub and the same walk for any client that speaks it. No logic here."""
