"""What holds however the server is reached."""

import mcp_types as types

from sessions import CALLS, changed, everything, fail, filled, like, succeed

YES = types.ElicitResult(action="accept", content={"confirm": True})
# As some hosts send it.
YES_WITHOUT_A_WORD = types.ElicitResult(action="accept")
NO = types.ElicitResult(action="accept", content={"confirm": False})


async def works_and_says_how_it_fails(client, tool):
    call = await filled(client, CALLS[tool])
    unknown = await fail(client, tool, **call["works"], no_such_argument=1)
    assert (unknown["type"], unknown["param"]) == ("invalid_argument", "no_such_argument")
    assert like(call["refused"], await fail(client, tool, **call["fails"])) == call["refused"]
    assert like(call["shows"], await succeed(client, tool, **call["works"])) == call["shows"]


class Person:
    """Answers each question alike."""

    def __init__(self, answer):
        self.answer = answer
        self.questions = []

    async def ask(self, _, params):
        self.questions.append(params.message)
        assert params.requested_schema["required"] == ["confirm"]
        return self.answer


async def only_a_yes_changes_anything(client, tool, person):
    call = await filled(client, CALLS[tool])
    before = await everything(client)
    reply = await succeed(client, tool, **call["works"])
    after = await everything(client)
    [question] = person.questions
    assert [part for part in call["asks"] if part not in question] == [], question
    if person.answer in (YES, YES_WITHOUT_A_WORD):
        assert like(call["shows"], reply) == call["shows"]
        assert reply["confirmed"] is True
        assert changed(before, after) == [call["changes"]]
    else:
        assert reply["confirmed"] is False
        assert reply["question"] == question
        assert reply["note"].startswith("Nothing was changed")
        assert changed(before, after) == []
