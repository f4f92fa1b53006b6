"""The use cases: each one walk from a request over a decision, a plan and a record to an answer."""
