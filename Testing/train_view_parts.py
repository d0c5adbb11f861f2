"""What the tests of the training panel's views share: a logic that only keeps what it was asked."""

from __future__ import annotations


class AskedLogic:
    """The part of the logic that asks the engine; the test answers."""

    def __init__(self):
        self.busy, self.asked, self.message, self.device = False, [], "", "cpu"

    def ask(self, request, onDone):  # noqa: N803  the logic's name
        self.asked.append((request, onDone))
        self.busy = True

    @property
    def question(self):
        """What was asked last."""
        return self.asked[-1][0]

    def answer(self, **values):
        """The engine's answer to it."""
        self.busy = False
        self.asked[-1][1]({"event": "done", **values})


class Answers:
    """The user: confirms, or not; keeps what he was asked."""

    def __init__(self):
        self.yes, self.questions = True, []

    def confirm(self, question):
        self.questions.append(question)
        return self.yes


def attempt(work):
    """What the panel does with a piece of work that succeeds."""
    work()
