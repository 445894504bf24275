from aiohttp import web
from pydantic import BaseModel

from chassis.errors import Refusal
from contracts.problems import NOT_FOUND, PROBLEMS
from gateway.operation import Access, Operation
from gateway.state import SETTINGS


class ProblemDescription(BaseModel):
    type: str
    code: str
    status: int
    title: str
    explanation: str


async def explain_problem(request: web.Request) -> web.Response:
    problem = PROBLEMS.get(request.match_info["problem_code"])
    if problem is None:
        raise Refusal(NOT_FOUND)
    public_url = request.app[SETTINGS].public_url.rstrip("/")
    description = ProblemDescription(type=f"{public_url}/v1/problems/{problem.code}", **problem.model_dump())
    return web.Response(body=description.model_dump_json().encode(), content_type="application/json")


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/problems/{problem_code}",
        handle=explain_problem,
        summary="Explain a problem's code",
        tag="documents",
        access=Access.ANYONE,
        reply=ProblemDescription,
        problems=(NOT_FOUND,),
    ),
)
