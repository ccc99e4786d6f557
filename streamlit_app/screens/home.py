"""Home: what there is, what runs, and what to do next."""

from __future__ import annotations

from curation.findings import count
from streamlit_app.components import cards, data, first_steps, shell
from streamlit_app.components.tokens import category_colours

versions, broken = data.shelf()
home, refs = data.home(), data.store().refs()
exported, trained = cards.exports(home), cards.runs(home)
shell.head("Home")
if versions:
    newest = versions[0].manifest
    shell.finding(
        f"{count(len(versions), 'version')}; the newest, {newest.name}, has {count(newest.rows, 'row')}."
    )
else:
    shell.finding("See what your data is made of, balance it, and train on it.")
first_steps.draw(some=bool(versions))
first_steps.work()
shell.warn(broken)
names: dict[str, list[str]] = {}
for ref, one in refs.items():
    names.setdefault(one, []).append(ref)
if versions:
    every = {name for version in versions[:9] for name in version.manifest.categories}
    colours = category_colours(every) if len(every) <= 8 else {}
    shown = [cards.version_card(version, names.get(version.id, []), colours) for version in versions[:9]]
    cards.grid("Versions", shown, "")
    cards.grid("Exports", [cards.export_card(*one) for one in exported[:6]],
               "None yet. Under Versions, write one as an export folder; training reads it.")  # fmt: skip
    cards.grid("Runs", [cards.run_card(*one) for one in trained[:6]],
               "None yet. Under Train, start one on an export; the sample takes a few minutes on two cores.")  # fmt: skip
