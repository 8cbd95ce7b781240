"""Clauses of an RFC that bind the server, as functions that show them kept, and the table of what came of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType

from conformance.acme.probe.ca import Ca
from conformance.acme.probe.transport import Answer
from conformance.expect import NotKeptError, NotOfferedError, expect

Check = Callable[[Ca], None]


class Level(StrEnum):
    """How much the RFC means it (RFC 2119); REQUIRED and SHALL are MUST, RECOMMENDED is SHOULD."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"

    @property
    def binding(self) -> bool:
        """Whether a server that does not keep the clause does not conform."""
        return self in {Level.MUST, Level.MUST_NOT}


MUST, MUST_NOT, SHOULD, SHOULD_NOT = Level


class Result(StrEnum):
    """What came of one clause."""

    KEPT = "kept"
    NOT_KEPT = "not kept"
    NOT_OFFERED = "not offered"
    UNSEEN = "not visible"


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One sentence that binds the server. ``check`` is None where its keeping cannot be seen from outside."""

    section: str
    level: Level
    name: str
    sentence: str
    check: Check | None
    why_unseen: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A clause and what came of it; ``seen`` says why it is not plainly kept."""

    clause: Clause
    result: Result
    seen: str = ""


def clause(section: str, level: Level) -> Callable[[Check], Check]:
    """Register the decorated function as the check of a clause; the first line of its docstring is the sentence."""

    def register(check: Check) -> Check:
        sentence = (check.__doc__ or "").strip().partition("\n")[0]
        _of_module(check.__module__).append(
            Clause(section=section, level=level, name=check.__name__, sentence=sentence, check=check)
        )
        return check

    return register


def unseen(module: str, section: str, level: Level, sentence: str, why: str) -> None:
    """Name a clause of ``module`` whose keeping cannot be seen from outside, and why."""
    _of_module(module).append(
        Clause(section=section, level=level, name="", sentence=sentence, check=None, why_unseen=why)
    )


def clauses_of(modules: Iterable[ModuleType]) -> list[Clause]:
    """Return the clauses of the modules, in the order in which they stand there."""
    return [one for module in modules for one in clauses_of_module(module.__name__)]


def clauses_of_module(name: str) -> list[Clause]:
    """Return the clauses of one module."""
    return list(_of_module(name))


def examine(ca: Ca, clauses: Sequence[Clause]) -> Iterable[Finding]:
    """Check one clause after the other; each begins on its own, and none stops the run."""
    for one in clauses:
        yield _examine(ca, one)


def expect_success(answer: Answer, status: int = 200) -> Answer:
    """Expect this status; return the answer."""
    expect(answer.status == status, f"{status} was expected: {answer}")
    return answer


def expect_refusal(answer: Answer, *problems: str, status: int | None = None) -> Answer:
    """Expect an HTTP error, of one of these ACME types and this status where they are given; return the answer."""
    expect(answer.status in range(400, 500), f"a refusal was expected: {answer}")
    expect(status is None or answer.status == status, f"{status} was expected: {answer}")
    expect(not problems or answer.problem in problems, f"{' or '.join(problems)} was expected: {answer}")
    return answer


def _examine(ca: Ca, one: Clause) -> Finding:
    if one.check is None:
        return Finding(clause=one, result=Result.UNSEEN, seen=one.why_unseen)
    try:
        one.check(ca)
    except NotKeptError as error:
        return Finding(clause=one, result=Result.NOT_KEPT, seen=str(error))
    except NotOfferedError as error:
        return Finding(clause=one, result=Result.NOT_OFFERED, seen=str(error))
    except Exception as error:  # noqa: BLE001 - whatever a server does to the probe, the other clauses are examined
        return Finding(clause=one, result=Result.NOT_KEPT, seen=f"{type(error).__name__}: {error}")
    return Finding(clause=one, result=Result.KEPT)


_REGISTRY: dict[str, list[Clause]] = {}


def _of_module(name: str) -> list[Clause]:
    return _REGISTRY.setdefault(name, [])
