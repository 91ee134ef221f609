"""`POST /conversations/{conversation}/title`: a title that the model makes of the first question and its answer.

It is a turn of the caller's like any other, with `TITLE_MODEL`: limited, counted and charged. Nothing but the title is
stored of it, and only where nobody has renamed the conversation meanwhile.
"""

from contextlib import suppress

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from deltawire.api_docs.library_operations import MAKE_TITLE
from deltawire.chat.peer import PeerGone
from deltawire.conversations.schemas import Conversation
from deltawire.conversations.titles import title_from, title_question
from deltawire.protocol.chat_request import ChatRequest
from deltawire.protocol.errors import Failure
from deltawire.protocol.problem_details import Problem
from deltawire.routes.answers import fold, send_whole
from deltawire.routes.begun_turn import RequestedTurn, begun_turn
from deltawire.routes.bodies import AnyRequest, owner_of
from deltawire.routes.connection import while_connected
from deltawire.routes.services import Services


@post("/conversations/{conversation:str}/title", status_code=200, operation_class=MAKE_TITLE)
async def make_title(conversation: FromPath[str], request: AnyRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Let the model make a title of the first question and its answer; the body is empty."""
    owner, model = owner_of(request), services.title_model
    if model is None:
        raise Failure("not_found", "This server makes no titles; see TITLE_MODEL.")
    before, first_turn = await services.conversations.first_turn(owner, conversation)
    chat = ChatRequest(message=title_question(first_turn.question, first_turn.answer), model=model, thinking="off")

    async def respond(scope: Scope, _: Receive, send: Send) -> None:
        with suppress(PeerGone):
            async with begun_turn(RequestedTurn(request, chat), services, "rest") as (turn, fields):
                answer = await while_connected(scope, fold(turn), turn.leave)
                response: Problem | Conversation
                if isinstance(answer, Problem):
                    response = answer
                else:
                    title = title_from(answer.text) or before
                    response = await services.conversations.set_title(owner, conversation, before, title)
                await send_whole(response, fields, scope, send, services)

    return respond
