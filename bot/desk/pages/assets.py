"""Static files and the live feed."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from bot.desk.context import HERE
from bot.desk.routing import NotThere, Pages, Signed

pages = Pages()
STATIC = HERE / "static"
FOREVER = "public, max-age=31536000, immutable"


@pages.get("/static/{name}")
def static(name: str) -> Response:
    """A file of the desk's own; addresses carry its hash, so it may be kept for good."""
    file = STATIC / name
    if file.parent != STATIC or not file.is_file():
        raise NotThere(name)
    return FileResponse(file, headers={"Cache-Control": FOREVER})


@pages.get("/events")
async def events(view: Signed, request: Request) -> Response:
    """What changes while the page is open."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(view.desk.live.events(), media_type="text/event-stream", headers=headers)
