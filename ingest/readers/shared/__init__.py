"""What readers of several formats share: decoding, blocks of text, headings, metadata, XML, ZIP files, limits."""
