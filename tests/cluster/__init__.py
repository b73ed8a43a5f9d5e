"""`make test-cluster`: deploy/cluster on this machine, with failovers under load. See run.py."""
