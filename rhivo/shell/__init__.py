"""What spans apps: the layer above them all."""
