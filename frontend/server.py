"""The pages as an ASGI application: Streamlit behind the gate, with the log-in beside it.

``ssenet-lab ui`` starts it, and says where it listens and who must log in. By hand, ``streamlit run
frontend/server.py`` finds ``app`` and serves it to this machine only (``.streamlit/config.toml``).
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from frontend.access.gate import Gate
from frontend.access.routes import ROUTES

app = st.App(Path(__file__).parent / "app.py", routes=ROUTES, middleware=[Middleware(Gate)])
