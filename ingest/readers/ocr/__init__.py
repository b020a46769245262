"""Text in pictures, recognized by Tesseract."""
