"""Catalogue records as others read and write them: DCAT-AP and HealthDCAT-AP in RDF, and Croissant."""
