"""The names that data gives to who speaks, and our four for them."""

from __future__ import annotations

ROLES = {
    "system": ("system", "developer", "system_prompt"),
    "user": ("user", "human", "prompter", "customer"),
    "assistant": (
        "assistant",
        "gpt",
        "chatgpt",
        "bot",
        "chatbot",
        "model",
        "ai",
        "agent",
        "bard",
        "bing",
        "claude",
    ),
    "tool": (
        *("tool", "function", "observation", "function_response", "function_result", "tool_response"),
        *("tool_result", "tool_output", "ipython"),
    ),
}
CALLS = ("function_call", "tool_call", "tool_calls")
"""A call of a tool is something that the assistant says."""

ROLE_OF = {name: role for role, names in ROLES.items() for name in names} | dict.fromkeys(CALLS, "assistant")


def role_of(name: str) -> str | None:
    """Our role for a name (in any case, with spaces or hyphens for underscores), or null.

    >>> role_of("GPT"), role_of("function-call"), role_of("narrator")
    ('assistant', 'assistant', None)
    """
    return ROLE_OF.get(name) or ROLE_OF.get(name.strip().lower().replace("-", "_").replace(" ", "_"))
