"""The hospital's side: what joins, guards and runs at a site."""
