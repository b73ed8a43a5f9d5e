"""The description of the API for integrators: what drf-spectacular cannot read in the code. Roof: it may import all."""
