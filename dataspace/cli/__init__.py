"""The command line: one command for each thing that a steward, a researcher, a site's IT or an auditor does."""
