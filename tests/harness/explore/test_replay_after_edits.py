"""A token finds its schedule again after an edit, or says what has changed: a table of edits.

The program loses an update: `deposit` reads, `withdraw` reads and writes, `deposit` writes. The
token says: `deposit` goes on until it is about to write `Account.balance`, then `withdraw`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Callable

    Plain = Callable[..., Any]

PROGRAM = """
import logging
import threading

log = logging.getLogger("bank")

class Account:
    def __init__(self):
        self.balance = 100
        self.calls = 0
        self.lock = threading.Lock()

def deposit(account, amount):
    balance = account.balance
    account.balance = balance + amount

def withdraw(account, amount):
    balance = account.balance
    if balance >= amount:
        account.balance = balance - amount

def body():
    account = Account()
    giver = threading.Thread(target=deposit, args=(account, 10))
    taker = threading.Thread(target=withdraw, args=(account, 10))
    giver.start()
    taker.start()
    giver.join()
    taker.join()
    assert account.balance == 100
"""

DEPOSIT = """def deposit(account, amount):
    balance = account.balance
    account.balance = balance + amount
"""
WITHDRAW = """def withdraw(account, amount):
    balance = account.balance
    if balance >= amount:
        account.balance = balance - amount
"""
CLASS = PROGRAM[PROGRAM.index("class") : PROGRAM.index("def deposit")]
JOINS = "    giver.join()\n    taker.join()\n"

# What the schedule of the token does in the program after the edit: it fails again.
FAILS = {
    "lines inserted above": ("import logging", "import os\nimport logging\n\nLIMIT = 10\n"),
    "comments and a docstring": (
        "    balance = account.balance\n    account",
        '    """Pay in."""\n    # look\n    balance = account.balance\n    # pay\n    account',
    ),
    "a log call at the place": (
        "    account.balance = balance + amount",
        '    log.error("paying in %s", amount)\n    account.balance = balance + amount',
    ),
    "local work at the place": (
        "    account.balance = balance + amount",
        ("    fee = sum(number * number for number in range(50)) * 0\n"
        "    account.balance = balance + amount + fee"),
    ),
    "locals renamed": (
        DEPOSIT,
        DEPOSIT.replace("balance = account", "before = account").replace(
            "= balance +", "= before +"
        ),
    ),
    "arguments renamed": (DEPOSIT, DEPOSIT.replace("account", "konto")),
    "written as an augmented assignment": (
        DEPOSIT, "def deposit(account, amount):\n    account.balance += amount\n",
    ),
    "one more shared access before": (
        DEPOSIT, DEPOSIT.replace("    balance =", "    account.calls += 1\n    balance ="),
    ),
    "one more shared access between": (
        DEPOSIT, DEPOSIT.replace("    account.b", "    account.calls += 1\n    account.b"),
    ),
    "many more by every task": (
        PROGRAM,
        PROGRAM.replace(
            "    balance =", "    for _ in range(9): account.calls = account.calls\n    balance ="
        ).replace(JOINS, f"    account.calls = 1\n{JOINS}"),
    ),
    "definitions in another order": (
        CLASS + DEPOSIT + "\n" + WITHDRAW, WITHDRAW + "\n" + DEPOSIT + "\n" + CLASS,
    ),
    "a function inserted between": (WITHDRAW, "def audit(account):\n    pass\n\n" + WITHDRAW),
    "a lock for something else": (
        DEPOSIT,
        DEPOSIT.replace(
            "    balance =", "    with account.lock:\n        account.calls += 1\n    balance ="
        ),
    ),
    "the read moved to a helper": (
        DEPOSIT,
        "def look(account):\n    return account.balance\n\n"
        + DEPOSIT.replace("= account.balance", "= look(account)"),
    ),
    "other values": ("(account, 10))\n    taker", "(account, 12))\n    taker"),
    "another object of the class, made before": (
        "    account = Account()", ("    spare = Account()\n    spare.balance = 1\n"
        "    account = Account()"),
    ),
    "another object of the class, made before by the same task": (
        DEPOSIT,
        "def note(amount):\n    savings = Account()\n    savings.balance = amount\n\n"
        + DEPOSIT.replace("    balance =", "    note(amount)\n    balance ="),
    ),
    "the main task reads it before": (
        "    giver.start()", "    print(account.balance, end='')\n    giver.start()",
    ),
    "a task that has ended before": (
        "    giver.start()",
        ("    early = threading.Thread(target=print, args=('',))\n    early.start()\n"
        "    early.join()\n    giver.start()"),
    ),
    "a task that runs before": (
        "    giver.start()",
        "    threading.Thread(target=len, args=('',)).start()\n    giver.start()",
    ),
    "a try around it": (
        "    account.balance = balance + amount",
        "    try:\n        account.balance = balance + amount\n    finally:\n        amount = 0",
    ),
    "types written down": (
        "def deposit(account, amount):", "def deposit(account: Account, amount: int) -> None:",
    ),
    "one more attribute": ("self.calls = 0", "self.calls = 0\n        self.name = 'x'"),
    "a subclass of Thread's name": (
        "args=(account, 10))\n    taker", "args=(account, 10), daemon=False)\n    taker",
    ),
    "another message": ("balance == 100", "balance == 100, 'money was lost'"),
}  # fmt: skip

# The schedule still fits, and the program does not fail any more.
PASSES = {
    "both in one lock": (
        DEPOSIT + "\n" + WITHDRAW,
        "def deposit(account, amount):\n    with account.lock:\n        _deposit(account, amount)\n"
        "def withdraw(account, total):\n    with account.lock:\n        _withdraw(account, total)\n"
        + DEPOSIT.replace("def ", "def _") + WITHDRAW.replace("def ", "def _"),
    ),
    "a weaker assertion": ("balance == 100", "balance > 0"),
    "no assertion": ("    assert account.balance == 100", "    print(account.balance, end='')"),
}  # fmt: skip

# The operations of the schedule are other ones now; the error says which.
DRIFTS = {
    "another attribute written": (
        ("    account.balance = balance + amount", "    account.total = balance + amount"),
        "is from deposit to withdraw before its 1st write Account#1.balance, and it never came",
    ),
    "the attribute renamed": (
        (PROGRAM, PROGRAM.replace("account.balance", "account.money")
         .replace("self.balance", "self.money")),
        "before its 1st write Account#1.balance, and it never came there",
    ),
    "the class renamed": (
        (PROGRAM, PROGRAM.replace("Account", "Konto")),
        "before its 1st write Account#1.balance, and it never came there",
    ),
    "the write removed": (
        ("    account.balance = balance + amount\n", "    return balance + amount\n"),
        "before its 1st write Account#1.balance, and it never came there",
    ),
    "one more access to the same place": (
        ("    balance = account.balance\n    account",
         "    balance = account.balance\n    balance = account.balance\n    account"),
        "and it had done something else to the same object before",
    ),
    "one less access to the same place": (
        ("    balance = account.balance\n    account", "    balance = 100\n    account"),
        "and it had done something else to the same object before",
    ),
    "one more task meanwhile": (
        ("    taker.start()", "    taker.start()\n    threading.Thread(target=str).start()"),
        ("and those who could go on there are Thread-1 (deposit), Thread-2 (withdraw), Thread-3 "
        "(str); there were 2 when the token was made"),
    ),
    "the other task removed": (
        (PROGRAM, PROGRAM.replace("    taker.start()\n", "").replace("    taker.join()\n", "")),
        "and it never came there",  # nobody else could run: there was no choice to make
    ),
    "another task in its place": (
        (PROGRAM, PROGRAM.replace("target=withdraw", "target=deposit")),
        ("and those who could go on there are Thread-1 (deposit), Thread-2 (deposit); there were "
        "others when the token was made"),
    ),
    "the function renamed": (
        (PROGRAM, PROGRAM.replace("deposit", "pay_in")),
        "is from deposit to withdraw before its 1st write Account#1.balance, and it never came",
    ),
    "the other task's operations replaced": (
        (PROGRAM, PROGRAM.replace(WITHDRAW, WITHDRAW.replace(".balance", ".calls"))
         .replace("== 100", ">= 100")),
        "the run does not fail, and withdraw did other things than when the token was made",
    ),
    "the tasks start one after the other": (
        (PROGRAM, PROGRAM.replace("    taker.start()\n    giver.join()\n",
                                  "    giver.join()\n    taker.start()\n")),
        "and it never came there",
    ),
}  # fmt: skip


def edited(plain: Plain, edit: tuple[str, str]) -> Any:
    assert PROGRAM.count(edit[0]) == 1, "an edit of the table must be an edit of the program"
    return plain(PROGRAM.replace(*edit)).body


def token_of(plain: Plain, **options: Any) -> str:
    finding = harness.explore(plain(PROGRAM).body, executions=2_000, **options).finding
    assert finding is not None
    assert finding.kind is harness.FindingKind.ASSERTION
    return finding.token


def tokens_of(plain: Plain) -> set[str]:
    """Return what several searches found; most of it shrinks to the same."""
    return {
        token_of(plain, seed=seed, strategy=name) for seed in range(3) for name in ("random", "dfs")
    }


@pytest.mark.parametrize("edit", FAILS.values(), ids=FAILS.keys())
def test_after_an_edit_beside_it_the_schedule_fails_again(
    edit: tuple[str, str], plain: Plain
) -> None:
    body = edited(plain, edit)
    for token in tokens_of(plain):
        finding = harness.replay(body, token)
        assert finding is not None
        assert finding.kind is harness.FindingKind.ASSERTION
        # What it hands out then is a token of the program as it is now.
        again = harness.replay(body, finding.token)
        assert again is not None
        assert again.token == finding.token


@pytest.mark.parametrize("edit", PASSES.values(), ids=PASSES.keys())
def test_after_a_repair_the_schedule_passes(edit: tuple[str, str], plain: Plain) -> None:
    assert harness.replay(edited(plain, edit), token_of(plain)) is None


@pytest.mark.parametrize(("edit", "reason"), DRIFTS.values(), ids=DRIFTS.keys())
def test_an_edit_of_the_operations_is_drift_that_says_which(
    edit: tuple[str, str], reason: str, plain: Plain
) -> None:
    with pytest.raises(harness.DriftError) as caught:
        harness.replay(edited(plain, edit), token_of(plain))
    assert reason in caught.value.reason
    assert str(caught.value).startswith("this token cannot be replayed: ")
    assert str(caught.value).endswith(
        "The code has changed since: explore again and take the new token"
    )
