"""Why an alert is claimed now, or why it isn't: the named reasons of every decision about a step or a report."""

from enum import StrEnum


class Reason(StrEnum):
    """The reason of one decision. Those of `CLAIMED` are stored with the alert; all are counted in the sweep's log."""

    FIRST = "first"  # the first turn of its step
    REPEAT = "repeat"  # a later turn of a step that repeats
    CAUGHT_UP = "caught_up"  # the latest that applies: an earlier one to the same level was missed (downtime)
    RECEIVED = "received"  # the late report has come, and this officer was notified that it was late
    RAISED = "raised"  # a problem was raised
    DECIDED = "decided"  # its deadline was extended, or the report waived
    CHANGED_AFTER = "changed_after"  # somebody else has changed figures since they were handed in
    RESOLVED = "resolved"  # a problem was resolved, and this officer was notified that it had been raised

    NOT_YET = "not_yet"  # its working day is still to come
    NOT_OVERDUE = "not_overdue"  # it speaks of lateness, and the deadline has not passed
    DEADLINE_PASSED = "deadline_passed"  # it reminds of a deadline that has passed
    NOT_ESCALATED = "not_escalated"  # it goes to a level above, and the agency is asked, never reported
    NO_SEAT = "no_seat"  # it goes further than the ladder, or to where nobody sits whom the agency reports to
    ALREADY_SENT = "already_sent"  # it was claimed in this cycle
    PASSED_OVER = "passed_over"  # it was missed, and a later one to the same level applies
    OUTSIDE_HOURS = "outside_hours"  # nobody is at work: looked at again when work starts
    HELD = "held"  # it accuses, and events are still on their way: looked at again at the next sweep
    UNDELIVERED = "undelivered"  # what it follows up has reached nobody yet: looked at again at the next sweep
    NEXT_MORNING = "next_morning"  # those above hear on the next working morning of all that came on a day
    AT_REST = "at_rest"  # its programme has ended long ago: nobody is asked for anything any more
    OVERTAKEN = "overtaken"  # the decision holds no more: another one, or the report itself, has come
    NOBODY_NOTIFIED = "nobody_notified"  # it follows up what nobody was notified of


CLAIMED = (
    Reason.FIRST, Reason.REPEAT, Reason.CAUGHT_UP, Reason.RECEIVED, Reason.RAISED, Reason.DECIDED, Reason.CHANGED_AFTER,
    Reason.RESOLVED,
)  # fmt: skip
