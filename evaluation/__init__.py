"""How often the right passage is found: SQuAD, BEIR, golden questions."""
