"""What stress runs."""

from sessions import Sessions

import stress


@stress.scenario(make=Sessions)
def visits(sessions, client):
    """Whoever leaves takes the spool along: no file is left."""
    visitor = client.chance.randrange(3)
    sessions.enter(visitor)
    sessions.leave(visitor)
