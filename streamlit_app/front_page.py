"""The HTML that a browser gets first: Streamlit's own, with our name and with what spares it some waiting.

Left alone, Streamlit's script looks for its server under the page's own path first (``/explore/_stcore/health``, two
answers of 404), waits, asks at the root, and only then opens its socket. Told where the server is, it opens the socket at once.
"""

from __future__ import annotations

import re
from pathlib import Path

FONT = "./app/static/commissioner-latin-wght-normal.woff2"
HEAD = f"""<title>Tomewright</title>
    <link rel="preload" href="{FONT}" as="font" type="font/woff2" crossorigin />
    <script>
      window.__streamlit = {{
        BACKEND_BASE_URL: new URL(".", location.href).href,
        HOST_CONFIG: {{ allowedOrigins: [location.origin], useExternalAuthToken: false }},
      }}
    </script>"""


def front_page(streamlit_html: str) -> str:
    """Streamlit's ``index.html`` with our title and font, and the server's address: every page lies right under it."""
    text = re.sub(r'<link\s+rel="preload"[^>]*SourceSans[^>]*/>', "", streamlit_html)
    text = text.replace('href="./favicon.png"', 'href="./app/static/mark.svg"')
    return re.sub(r"<title>.*?</title>", lambda _: HEAD, text, count=1)


def read() -> str:
    """The front page for the Streamlit that is installed."""
    import streamlit

    return front_page((Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8"))
