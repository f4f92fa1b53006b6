"""Privacy loss in numbers: how much noise, what it costs, and what is still allowed. Pure."""
