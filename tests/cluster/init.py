"""The first process of the cluster's namespace. As init does, it reaps processes whose parents have ended.

Without it a killed postmaster stays as a zombie, which Patroni takes for a running server.
"""

import os
import signal
import sys


def main() -> None:
    """Run run.py as a child, and end with its exit code; the kernel then kills what is left in the namespace."""
    child = os.fork()
    if not child:
        arguments = ["-u", "-c", "import django; django.setup(); from tests.cluster.run import main; main()"]
        os.execv(sys.executable, [sys.executable, *arguments, *sys.argv[1:]])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # run.py has it as well, and cleans up
    while True:
        ended, status = os.wait()
        if ended == child:
            sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
