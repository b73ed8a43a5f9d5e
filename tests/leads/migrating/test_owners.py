from uuid import uuid4

import pytest

from leads.migrating.owners import OwnersUnclear, assign_owners
from leads.migrating.staging import OldOwner

ANA, BO = OldOwner("a", 2, 3), OldOwner("b", 1, 1)
NOBODY = OldOwner("", 1, 0)
MINE, THEIRS = uuid4(), uuid4()


def test_one_user_is_the_business_named():
    assert assign_owners([ANA, NOBODY], only=MINE, mapped={}, emails={}) == {"a": MINE, "": MINE}


def test_several_users_are_mapped_one_by_one():
    with pytest.raises(OwnersUnclear, match=r"a \(ana@old.example\): 2 conversations, 3 leads; b: 1 conversations"):
        assign_owners([ANA, BO], only=MINE, mapped={}, emails={"a": "ana@old.example"})
    assert assign_owners([ANA, BO], only=None, mapped={"a": MINE, "b": THEIRS}, emails={}) == {"a": MINE, "b": THEIRS}


def test_a_user_may_be_left_out():
    assert assign_owners([ANA, BO], only=None, mapped={"a": MINE, "b": None}, emails={}) == {
        "a": MINE,
        "b": None,
        "": MINE,
    }


def test_a_user_that_is_not_there_is_named():
    with pytest.raises(OwnersUnclear, match="no rows of c"):
        assign_owners([ANA], only=None, mapped={"a": MINE, "c": THEIRS}, emails={})
