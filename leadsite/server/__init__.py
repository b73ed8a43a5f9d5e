"""The web server's side of the site: what happens to a request before Django sees it.

granian reads and writes the sockets. One event loop for each process reads the bodies, with limits for their size and
their time, and waits for a turn; only a complete request that has its turn takes one of the few threads in which Django
runs. So a slow or a greedy client keeps no thread, and /livez is answered whatever the threads do.
"""
