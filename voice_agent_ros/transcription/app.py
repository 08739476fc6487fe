# SPDX-License-Identifier: Apache-2.0
"""The transcription service by itself, without an LLM console beside it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette

from voice_agent_ros.transcription.routes import routes
from voice_agent_ros.transcription.service import TranscriptionService
from voice_agent_ros.xlm.security import Access, Gate
from voice_agent_ros.xlm.services import BodyLimit, BodyLimits


def create_app(service: TranscriptionService, access: Access | None = None) -> Starlette:
    """The application; the service is started and stopped with it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        service.start()
        yield
        await service.stop()

    app = Starlette(routes=routes(service), lifespan=lifespan)
    limits = BodyLimits(BodyLimit(), ())
    app.add_middleware(Gate, access=access or Access(), limits=limits, answered=lambda path, status: None)
    return app
