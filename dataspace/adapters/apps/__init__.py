"""Apps of researchers: from a folder to a signed archive, and back, by nothing but its content."""
