"""What one would build instead: FastAPI, asyncpg and pydantic around the same SQL function, without authentication.

uvicorn bench.standin:app; DATABASE_URL and BENCH_USER_ID name the database and the business.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints

CALL = "SELECT create_lead_with_conversation($1, $2, $3, $4, $5)"


class NewLead(BaseModel):
    customer_phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
    customer_name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    type: Literal["order", "booking", "inquiry"]
    details: Annotated[str, StringConstraints(max_length=10_000)] = ""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=8) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/api/leads", status_code=201)
async def create_lead(lead: NewLead, request: Request) -> Any:
    user_id = os.environ["BENCH_USER_ID"]
    answer = json.loads(
        await request.app.state.pool.fetchval(
            CALL, user_id, lead.customer_phone, lead.customer_name, lead.type, lead.details
        )
    )
    return answer if answer["success"] else JSONResponse(answer, status_code=400)
