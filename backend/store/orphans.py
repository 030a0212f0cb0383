"""Workers of this host that died without a word, and the jobs they held: no need to wait until leases expire."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

import psutil
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.store.models import Job, Worker


def forget_dead_workers(session: Session, exists: Callable[[int], bool] = psutil.pid_exists) -> list[str]:
    """Remove the rows of this host's workers whose process is gone, and end the leases that they held.

    Returns:
        ids of the workers.
    """
    here = session.scalars(select(Worker).where(Worker.host == socket.gethostname())).all()
    dead = [row for row in here if not exists(row.pid)]
    for row in dead:
        session.delete(row)
    end_leases(session, [row.id for row in dead])
    return [row.id for row in dead]


def end_leases(session: Session, owners: Collection[str]) -> None:
    """Let the leases of ``owners``, who are known to be dead, count as expired: the next sweep takes over.

    The fence stays: should an owner be alive after all, its writes are refused, as after any expired lease.
    """
    held = update(Job).where(Job.state == "running", Job.lease_owner.in_(owners))
    session.execute(held.values({Job.lease_expires_at: 0.0}).execution_options(synchronize_session=False))
