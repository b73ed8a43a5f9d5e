"""What the site needs: a model of it (python -m bench.capacity), and a day that is compared with the model."""
