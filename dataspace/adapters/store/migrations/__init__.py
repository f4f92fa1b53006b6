"""How the control store came to its tables, one revision after the other (Alembic)."""
