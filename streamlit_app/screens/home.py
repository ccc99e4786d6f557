"""Home: what there is, what runs, and what to do next."""

from __future__ import annotations

from curation.findings import count
from streamlit_app.components import card_links, cards, data, first_steps, shell
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
ended = first_steps.work()
shell.warn(broken)
names: dict[str, list[str]] = {}
for ref, one in refs.items():
    names.setdefault(one, []).append(ref)
if versions:
    read = [version for version in versions if version.manifest.kind == "ingest"]
    made = [version for version in versions if version.manifest.kind != "ingest"]
    every = {name for version in [*read[:4], *made[:8]] for name in version.manifest.categories}
    colours = category_colours(every) if len(every) <= 8 else {}
    for title, found, card, most, none in (
        ("Sources", read, cards.source_card, 4, "None here: these versions came from elsewhere."),
        ("Versions", made, cards.version_card, 8, "None yet. Run a recipe, or decide about rows by hand under Explore."),
    ):  # fmt: skip
        shown = [card(version, names.get(version.id, []), colours) for version in found[:most]]
        more = (
            f"{len(found) - most:,} older in the list at the top of every page." if len(found) > most else ""
        )
        cards.grid(title, shown, none, more=more)
    cards.grid("Exports", [cards.export_card(*one) for one in exported[:4]],
               "None yet. Under Versions, write one as an export folder; training reads it.")  # fmt: skip
    cards.grid("Runs", [cards.run_card(*one) for one in trained[:4]],
               "None yet. Under Train, start one on an export; the sample takes a few minutes on two cores.")  # fmt: skip
    cards.grid(
        "Jobs",
        [cards.job_card(job) for job in ended[:4]],
        "None that have ended. What runs stands at the top.",
    )
    card_links.card_links()
