"""The HTML that a browser gets first: Streamlit's own, with our name and style and with what spares it some waiting.

Left alone, Streamlit's script looks for its server under the page's own path first (``/explore/_stcore/health``, two
answers of 404), waits, asks at the root, and only then opens its socket. Told where the server is, it opens the socket at once.
And it fetches the script of each kind of widget when the first of them has arrived, and what that script imports after it;
told which ones the page will need, the browser has them by then.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
FONTS = (
    "./app/static/commissioner-latin-wght-normal.woff2",
    "./app/static/jetbrains-mono-latin-wght-normal.woff2",
)
ALL = ("Html", "Selectbox", "Button", "BidiComponent")
"""The scripts of widgets that every page needs, by the names that Streamlit gave them."""
ROWS = (*ALL, "ButtonGroup", "Pagination", "DownloadButton", "Multiselect")
WANTED = {
    "explore": (*ROWS, "TextInput", "Checkbox", "Slider"),
    "map": ROWS,
    "balance": (*ALL, "Slider", "Checkbox", "StreamlitSyntaxHighlighter", "ArrowVegaLiteChart", "DownloadButton"),
    "clean": (*ALL, "Radio", "Slider", "ButtonGroup", "StreamlitSyntaxHighlighter", "ArrowVegaLiteChart", "DownloadButton"),
}  # fmt: skip
"""What the pages that people open most need beside that."""
HEAD = """<title>Tomewright</title>
    {links}
    <script>
      window.__streamlit = {{
        BACKEND_BASE_URL: new URL(".", location.href).href,
        HOST_CONFIG: {{ allowedOrigins: [location.origin], useExternalAuthToken: false }},
      }}
    </script>"""


def front_page(streamlit_html: str, modules: list[str] | None = None) -> str:
    """Streamlit's ``index.html`` with our title, fonts and style, and the server's address: every page lies right under it.

    ``modules`` are the addresses of scripts that the page will need.
    """
    text = re.sub(r'<link\s+rel="preload"[^>]*SourceSans[^>]*/>', "", streamlit_html)
    text = text.replace('href="./favicon.png"', 'href="./app/static/mark.svg"')
    links = [
        f'<link rel="preload" href="{font}" as="font" type="font/woff2" crossorigin />' for font in FONTS
    ]
    text = re.sub(r"<title>.*?</title>", lambda _: HEAD.format(links="\n    ".join(links)), text, count=1)
    more = [
        f'<link rel="modulepreload" crossorigin href="{one}">' for one in modules or [] if one not in text
    ]
    text = text.replace("</head>", "\n    ".join(["", *more, "</head>"]).lstrip("\n"), 1)
    style = (HERE / "style.css").read_text(encoding="utf-8")  # last, so that it comes after Streamlit's own
    return text.replace("</body>", f"<style>{style}</style></body>", 1)


def modules_of(folder: Path, names: tuple[str, ...]) -> list[str]:
    """The addresses of widgets' scripts in Streamlit's static folder with all that they import; names that aren't there are left out."""
    found: dict[str, None] = {}
    queue = [path.name for name in names for path in sorted((folder / "static" / "js").glob(f"{name}.*.js"))]
    while queue:
        name = queue.pop()
        if name not in found and (folder / "static" / "js" / name).is_file():
            found[name] = None
            queue += _imports(folder / "static" / "js" / name)
    return [f"./static/js/{name}" for name in found]


@cache
def _imports(path: Path) -> list[str]:
    """The scripts that a script can't begin without: they are named at its head."""
    with path.open(encoding="utf-8") as script:
        return re.findall(r'(?:from|import)"\./([\w.-]+\.js)"', script.read(20_000))


@cache
def read(page: str = "home") -> str:
    """The front page of a page for the Streamlit that is installed."""
    import streamlit

    static = Path(streamlit.__file__).parent / "static"
    text = (static / "index.html").read_text(encoding="utf-8")
    return front_page(text, modules_of(static, WANTED.get(page, ALL)))
