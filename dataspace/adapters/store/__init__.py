"""The control store: one SQLite file for each home that holds what law, money and privacy hang on."""
