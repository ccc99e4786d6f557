"""Chat: start or open the chatbot of a run, ask base and tuned, and review what people rated."""

from __future__ import annotations

import streamlit as st

from curation.findings import count
from streamlit_app.components import chats, ratings, shell

shell.head("Chat")
found = chats.that_can_talk()
open_now = chats.running()
if not found:
    shell.finding("No model to talk to yet.")
    shell.note(
        "When a run is done, its chatbot starts here. It uses the run's own template, system prompt and stop tokens."
    )
    st.page_link("screens/train.py", label="Train a model")
    st.stop()
ready = [chat for chat in open_now if chat.answers]
waiting = ratings.waiting(found)
said = f"{count(len(ready), 'chatbot')} open" if ready else "No chatbot is open"
shell.finding(f"{said}; {count(waiting, 'rating waits', 'ratings wait')} for review.")
left, right = st.columns([1, 2.4], gap="large")
with left:
    chats.form(found)
with right:
    chats.listing()
    ratings.panel(found)
