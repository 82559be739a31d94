"""Figures of a fit over rows that the nets which predict them were not trained on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..rows.array import ArrayRows
from ..rows.streamed import StreamedRows
from ..training.scores import ClassScores, NumberScores, empty_scores
from .members.ensemble import averaged, shares
from .members.member import Member


def scores_of(members: Sequence[Member], weights: np.ndarray) -> ClassScores | NumberScores | None:
    """Return the scores of rows kept for validation, each predicted by the average of the nets that did not see it.

    Members of one turn keep the same rows, which those of others are trained on; so they are judged together, and all
    turns' rows are put together. Rows that were given to validate on are predicted by all. None: the rows are so few
    that nets are trained on all of them.
    """
    model = members[0].model
    found = empty_scores(model.network.plan.loss, model.widths[-1], model.target_scaling)
    for places in together(members):
        nets, part = [members[k].model for k in places], members[places[0]].validation
        rows = part.rows
        assert isinstance(rows, ArrayRows)
        assert rows.y is not None
        if trained_on(members[places[0]]):
            return None
        index = part.order.rows(0, part.order.size)
        Z = averaged(nets, shares(weights, places), rows, part.order)
        found.add(Z, rows.y[index], None if rows.w is None else rows.w[index])
    if isinstance(found, ClassScores):
        found.close()
    return found


def held_rows(members: Sequence[Member]) -> list[tuple[list[int], np.ndarray]]:
    """Return places of members, and the rows that these were not trained on, in the order in which they are scored.

    Of members that are trained on all rows, there are none; the members must have kept rows of their own.
    """
    found = []
    for places in together(members):
        member = members[places[0]]
        if trained_on(member):
            return []
        rows, order = member.validation.rows, member.validation.order
        if rows is member.part.rows:
            index = order.rows(0, order.size)
        else:  # of a stream, whose rows that validate are in memory
            assert isinstance(member.part.rows, StreamedRows)
            survey = member.part.rows.survey_so_far()
            n = survey.n_training + survey.n_validation
            index = np.flatnonzero(replace(member.part.order, validation=True).chosen(0, n))
        found.append((places, index))
    return found


def together(members: Sequence[Member]) -> list[list[int]]:
    """Return the places of the members that have not seen the same rows."""
    groups: dict[Any, list[int]] = {}
    for k, member in enumerate(members):
        rows = member.validation.rows
        groups.setdefault((id(rows), member.turn if rows is member.part.rows else None), []).append(k)
    return list(groups.values())


def trained_on(member: Member) -> bool:
    """Return whether a member is trained on the rows that validate it."""
    rows, validation = member.part.rows, member.validation
    return validation.rows is rows and isinstance(rows, ArrayRows) and validation.order.size == rows.n_rows
