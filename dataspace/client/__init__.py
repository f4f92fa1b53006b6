"""What a notebook uses: a hub, its answers and its refusals. Imports none of the server."""
