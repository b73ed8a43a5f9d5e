"""The stand-in for creates: FastAPI, asyncpg and pydantic around the same SQL function, without authentication.

uvicorn bench.standins.site:app; DATABASE_URL and BENCH_USER_ID name the database and the business.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints

# The sub-select: computed once, also by a plan that was made while the table was empty and reads it row by row.
FIND = """
    SELECT conversations.id FROM customers JOIN conversations ON customer_id = customers.id AND status = 'active'
    WHERE customers.user_id = $1 AND phone_key = (SELECT phone_key($2))
"""
STORE = """
    INSERT INTO messages (user_id, conversation_id, direction, kind, content, provider_id, status)
    VALUES ($1, $2, 'in', 'text', $3, $4, 'received')
"""
CALL = "SELECT create_lead_with_conversation($1, $2, $3, $4, $5)"


PAGE = """
    SELECT leads.id, conversation_id, customers.id AS customer_id, customers.name, phone, type, details, leads.status,
           source, external_id, assigned_to_id, version, leads.created_at, leads.updated_at
    FROM leads JOIN conversations ON conversations.id = conversation_id JOIN customers ON customers.id = customer_id
    WHERE leads.user_id = $1 AND ($2::text IS NULL OR leads.status = $2)
        AND ($3::timestamptz IS NULL OR leads.created_at >= $3) AND ($4::timestamptz IS NULL OR leads.created_at < $4)
        AND ($5::text IS NULL OR details ILIKE '%' || $5 || '%' OR name ILIKE '%' || $5 || '%'
             OR phone LIKE '%' || $5 || '%')
    ORDER BY leads.id DESC LIMIT 50 OFFSET $6
"""


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


@app.get("/api/leads")
async def list_leads(  # noqa: PLR0917 - FastAPI passes these by name
    request: Request,
    user_id: UUID,
    status: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    q: str | None = None,
    offset: int = 0,
) -> Any:
    """A page as one writes it first: everything optional in one statement, pages by OFFSET."""
    found = (user_id, status, created_after, created_before, q, offset)
    return {"results": [dict(row) for row in await request.app.state.pool.fetch(PAGE, *found)]}


@app.post("/api/webhooks/whatsapp")
async def receive(request: Request) -> dict[str, bool]:
    """A message as the system before received it: look up, call, insert; no signature, no look at repetitions."""
    user_id = os.environ["BENCH_USER_ID"]
    pool = request.app.state.pool
    for entry in (await request.json())["entry"]:
        for change in entry["changes"]:
            names = {contact["wa_id"]: contact["profile"]["name"] for contact in change["value"]["contacts"]}
            for message in change["value"]["messages"]:
                phone, text = f"+{message['from']}", message["text"]["body"]
                conversation_id = await pool.fetchval(FIND, user_id, phone)
                if conversation_id is None:
                    name = names[message["from"]]
                    answer = json.loads(await pool.fetchval(CALL, user_id, phone, name, "inquiry", text))
                    conversation_id = answer["conversation_id"]
                await pool.execute(STORE, user_id, conversation_id, text, message["id"])
    return {"success": True}
