"""The question to the person before a change: who answers what, and what an answer opens."""

import asyncio

import mcp_types as types
import pytest
from mcp import Client, MCPError

from scenarios import NO, YES, YES_WITHOUT_A_WORD, Person, only_a_yes_changes_anything
from sessions import CALLS, changed, everything, filled, like, refuse, run, server, succeed

ASKED = [tool for tool, call in CALLS.items() if "elsewhere" in call]
ANSWERS = {
    "yes": YES,
    "no": NO,
    "declined": types.ElicitResult(action="decline"),
    "dismissed": types.ElicitResult(action="cancel"),
    "yes without a word": YES_WITHOUT_A_WORD,
    "accepted and left empty": types.ElicitResult(action="accept", content={}),
    "yes in words": types.ElicitResult(action="accept", content={"confirm": "yes"}),
    "declined with a yes": types.ElicitResult(action="decline", content={"confirm": True}),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("tool", ASKED)
def test_only_a_yes_changes_anything(era, account, tool, answer):
    person = Person(ANSWERS[answer])

    async def session():
        async with Client(server(account=account), mode=era, elicitation_callback=person.ask) as client:
            await only_a_yes_changes_anything(client, tool, person)

    run(session())


async def nobody(_, params):
    """Stands for a person who is there, but must not be asked."""
    raise AssertionError(params.message)


async def answered(client, tool, arguments, **answer):
    """A modern call without the SDK's own rounds: the reply, or the question."""
    return await client.session.call_tool(tool, arguments, allow_input_required=True, **answer)


async def asked(client, tool, arguments, **answer):
    question = await answered(client, tool, arguments, **answer)
    assert isinstance(question, types.InputRequiredResult)
    return question


def tampered(state):
    middle = len(state) // 2
    flipped = "A" if state[middle] != "A" else "B"
    return [f"{state}x", state[:-1], f"{state[:middle]}{flipped}{state[middle + 1 :]}", state[::-1], "x", ""]


@pytest.mark.parametrize("tool", ASKED)
def test_an_answer_opens_its_own_call_and_once(account, tool):
    async def session():
        async with Client(server(account=account), elicitation_callback=nobody) as client:
            call = await filled(client, CALLS[tool])
            works = call["works"]
            before = await everything(client)
            state = (await asked(client, tool, works)).request_state
            yes = {"input_responses": {"confirm": YES}, "request_state": state}

            for other in tampered(state):
                assert "does not belong" in await refuse(answered(client, tool, works, **{**yes, "request_state": other}))
            for other, arguments in call["elsewhere"]:
                assert "does not belong" in await refuse(answered(client, other, arguments, **yes))
            async with Client(server(account=account), elicitation_callback=nobody) as another:
                assert "does not belong" in await refuse(answered(another, tool, works, **yes))
            # Half an answer is none, and neither is one to another question.
            await asked(client, tool, works, request_state=state)
            await asked(client, tool, works, input_responses={"confirm": YES})
            await asked(client, tool, works, input_responses={"other": YES}, request_state=state)
            assert changed(before, await everything(client)) == []

            done = await answered(client, tool, works, **yes)
            assert like(call["shows"], done.structured_content) == call["shows"]
            after = await everything(client)
            assert changed(before, after) == [call["changes"]]
            assert "used already" in await refuse(answered(client, tool, works, **yes))
            assert changed(after, await everything(client)) == []

    run(session())


@pytest.mark.parametrize("answer", ["no", "declined", "dismissed"])
@pytest.mark.parametrize("tool", ASKED)
def test_a_no_cannot_be_made_a_yes(account, tool, answer):
    async def session():
        async with Client(server(account=account), elicitation_callback=nobody) as client:
            call = await filled(client, CALLS[tool])
            before = await everything(client)
            state = (await asked(client, tool, call["works"])).request_state
            no = {"input_responses": {"confirm": ANSWERS[answer]}, "request_state": state}
            reply = await answered(client, tool, call["works"], **no)
            assert not reply.is_error and reply.structured_content["confirmed"] is False
            yes = {**no, "input_responses": {"confirm": YES}}
            assert "used already" in await refuse(answered(client, tool, call["works"], **yes))
            assert changed(before, await everything(client)) == []

    run(session())


@pytest.mark.parametrize("tool", ASKED)
def test_of_two_equal_answers_at_once_one_counts(account, tool):
    async def session():
        async with Client(server(account=account), elicitation_callback=nobody) as client:
            call = await filled(client, CALLS[tool])
            state = (await asked(client, tool, call["works"])).request_state
            yes = {"input_responses": {"confirm": YES}, "request_state": state}
            both = [answered(client, tool, call["works"], **yes) for _ in range(2)]
            both = await asyncio.gather(*both, return_exceptions=True)
            [refused] = [result for result in both if isinstance(result, MCPError)]
            [done] = [result for result in both if isinstance(result, types.CallToolResult)]
            assert "used already" in refused.message
            assert like(call["shows"], done.structured_content) == call["shows"]

    run(session())


def test_who_was_asked_about_must_still_be_the_same(account):
    async def session():
        async with Client(server(account=account), elicitation_callback=nobody) as client:
            tom = {"contact_id": "tom@ashcroft.example"}
            question = await asked(client, "delete_contact", tom)
            await succeed(client, "update_contact", **tom, last_name="Underhill")
            yes = {"input_responses": {"confirm": YES}, "request_state": question.request_state}
            anew = await asked(client, "delete_contact", tom, **yes)
            assert '"Tom Underhill"' in anew.input_requests["confirm"].params.message
            await succeed(client, "get_contact", **tom)

    run(session())


def test_an_older_call_cannot_bring_its_own_answer(account):
    questions = []

    async def decline(_, params):
        questions.append(params.message)
        return ANSWERS["declined"]

    async def session():
        async with Client(server(account=account), mode="legacy", elicitation_callback=decline) as client:
            tom = {"contact_id": "tom@ashcroft.example"}
            reply = await client.call_tool("delete_contact", tom, input_responses={"confirm": YES}, request_state="x")
            assert reply.structured_content["confirmed"] is False
            await succeed(client, "get_contact", **tom)

    run(session())
    assert len(questions) == 1


def test_an_older_client_that_breaks_over_the_question_has_not_agreed(account):
    async def broken(_, params):
        return types.ErrorData(code=types.INTERNAL_ERROR, message="no window to ask in")

    async def session():
        async with Client(server(account=account), mode="legacy", elicitation_callback=broken) as client:
            tom = {"contact_id": "tom@ashcroft.example"}
            assert (await succeed(client, "delete_contact", **tom))["confirmed"] is False
            await succeed(client, "get_contact", **tom)

    run(session())
