"""Embed text: model folders, tokenizer, precision and the encoder; also the answer model of `query --answer`."""
