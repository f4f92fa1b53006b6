"""What the hub runs for an order."""

from dataspace.adapters.flower.server_app import server_app
from dataspace.service.coordinate import coordinate

app = server_app(coordinate)
