"""What a model file holds, and how it is read and written."""
