"""From a question and its allowances to a plan, and the rules on what may come out: pure functions."""
