"""Background tasks: see leadsite/tasks.py for the conventions."""

from procrastinate.contrib.django import app

from leadsite.privacy.erasing import finish_erasures


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="finish_erasures")
def finish_erasures_left(timestamp: int) -> None:
    """Finish erasures whose process was killed, or that took too long for a request."""
    finish_erasures()
