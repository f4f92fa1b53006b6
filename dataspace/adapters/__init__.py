"""The outside world behind the ports: engines, stores, identity, Flower, memory."""
