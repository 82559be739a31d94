"""What a user sees while members are trained: nothing, a line for each member, or a progress bar."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...system.progress_bar import progress_bar
from ...typing import Verbose
from .member import Member
from .recipe import Recipe
from .rules import Course


class Watch:
    """Look at the histories of members while others train them.

    Parameters
    ----------
    members, recipe : what is trained, and how
    verbose : 0: show nothing; a number: print a line for each member that ends; "bar": show one bar over the rows of
        all members, with the time that remains and the least validation loss
    owner : begins each line
    """

    def __init__(self, members: Sequence[Member], recipe: Recipe, verbose: Verbose, owner: str) -> None:
        self.members, self.owner = members, owner
        self.prints = verbose != "bar" and bool(verbose)
        self.courses = [Course(each.part, recipe.epochs, recipe.batch_rows, each.model.seed) for each in members]
        self.ended: set[int] = set()
        total = sum(rows_of(course, course.rounds) for course in self.courses)
        self.bar: Any = progress_bar(verbose == "bar", total=total, smoothing=0.1, dynamic_ncols=True)
        self.bar.set_description(f"{len(members)} nets", refresh=False)
        if self.prints:
            n, epochs = members[0].part.order.size, recipe.epochs
            print(f"{owner}: {len(members)} nets, each trained on {n:,} rows for up to {epochs:g} epochs")

    def look(self) -> None:
        """Show what is new."""
        rounds = [len(member.model.history) for member in self.members]
        if not self.bar.disable:
            rows = sum(rows_of(course, done) for course, done in zip(self.courses, rounds, strict=True))
            if rows > self.bar.n:
                self.bar.set_postfix_str(f"validation loss {min(map(least_loss, self.members)):.4g}", refresh=False)
                self.bar.update(rows - self.bar.n)
        if self.prints:
            for k, (course, done) in enumerate(zip(self.courses, rounds, strict=True)):
                if done == course.rounds and k not in self.ended:
                    self.tell(k)

    def tell(self, k: int) -> None:
        """Print a line about a member that has ended."""
        self.ended.add(k)
        member = self.members[k]
        done = f"{len(self.ended)} of {len(self.members)} nets have ended"
        print(f"{self.owner}: {member.encoding}, validation loss {least_loss(member):.4g}; {done}", flush=True)

    def close(self) -> None:
        """Show the last state, and end."""
        self.look()
        self.bar.close()


def rows_of(course: Course, rounds: int) -> int:
    """Return the number of rows that a course has gone over after some rounds."""
    epochs, rest = divmod(rounds, course.per_epoch)
    return int(epochs * course.n + sum(map(course.size, range(rest))))


def least_loss(member: Member) -> float:
    """Return the least validation loss of a member; inf before its first."""
    losses = [record["validation_loss"] for record in list(member.model.history)]
    return min((loss for loss in losses if np.isfinite(loss)), default=np.inf)
