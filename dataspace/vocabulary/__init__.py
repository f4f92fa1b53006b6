"""The words that policies, permits and requests share, as data: purposes, legal bases and what they are kinds of."""
