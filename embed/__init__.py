"""Text to vectors: the model folder, its tokenizer, its precision and the encoder that runs it."""
