"""Expressions over columns, parsed and turned into polars; nothing is ever run as Python.

    stats.assistant_words >= 3 and language.code in ("en", "es")
    not contains(text, "lorem ipsum") and score is not None

Names are columns, dots included. Literals: numbers, strings, True, False, None. Operators: arithmetic,
comparisons (chains too), ``and or not``, ``in``, ``is None``. Functions: see ``FUNCTIONS``. ``text`` is the
whole conversation, ``user``, ``assistant`` and ``system`` are one role's text.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from curation.errors import InputError, nearest, nearest_column
from curation.rows import text_of

TEXTS = {"text": None, "user": ["user"], "assistant": ["assistant"], "system": ["system"]}
FUNCTIONS: dict[str, tuple[int, Callable[..., pl.Expr]]] = {
    # name: (number of arguments, how it is built); patterns are Rust regular expressions, which can't blow up
    "length": (1, lambda x: x.str.len_chars()),
    "words": (1, lambda x: x.str.count_matches(r"\S+")),
    "lower": (1, lambda x: x.str.to_lowercase()),
    "contains": (2, lambda x, y: x.str.contains(y, literal=True)),
    "matches": (2, lambda x, y: x.str.contains(y)),
    "starts_with": (2, lambda x, y: x.str.starts_with(y)),
    "ends_with": (2, lambda x, y: x.str.ends_with(y)),
    "coalesce": (2, lambda x, y: pl.coalesce(x, y)),
    "abs": (1, lambda x: x.abs()),
    "turns": (0, lambda: pl.col("messages").list.len()),
}
COUNTS = ("length", "words", "turns")
"""The functions that make a number of a text; what they give is evidence."""
DEEPEST = 50
"""Most levels of brackets and operators; polars takes exponential time over some deeper ones."""
_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def parse(source: str) -> ast.expr:
    """Parse an expression. Raises InputError with the place of the mistake, or where it nests too deeply."""
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = f" at character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise InputError(
            f"can't read the expression{place}",
            where=repr(source),
            mend="Write it like: stats.assistant_words >= 3 and category == 'math'.",
        ) from None
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise InputError(
            "the expression nests too deeply", where=f"{source[:60]!r}", mend="Use several filter steps."
        )
    return tree


def columns_of(source: str) -> list[str]:
    """The names that an expression reads, in alphabetical order."""
    found: set[str] = set()

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.Name | ast.Attribute):
            found.add(_dotted(node, source))
            return
        parts: Iterable[ast.AST] = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        for part in parts:
            walk(part)

    walk(parse(source))
    return sorted(found)


def measures_of(source: str, columns: Iterable[str]) -> dict[str, pl.Expr]:
    """What an expression looks at, by how it is written: its columns, and the counts that it takes of texts."""
    known = set(columns)
    found = {name: pl.col(name) for name in columns_of(source) if name in known and name != "messages"}
    translator = _Translator(source, known)
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in COUNTS:
            found[ast.unparse(node)] = translator.expression(node)
    return found


def to_polars(source: str, columns: Iterable[str]) -> pl.Expr:
    """The polars expression of a source text over these columns.

    Raises InputError for an unknown column or function (naming the nearest) and for any Python that isn't
    part of the language above.
    """
    return _Translator(source, set(columns)).expression(parse(source))


def _dotted(node: ast.AST, source: str) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, source)}.{node.attr}"
    raise InputError("a dot may only stand between names", where=repr(source))


class _Translator:
    def __init__(self, source: str, columns: set[str]) -> None:
        self.source, self.columns = source, columns

    def fail(self, what: str, mend: str | None = None) -> InputError:
        return InputError(what, where=repr(self.source), mend=mend)

    def expression(self, node: ast.AST) -> pl.Expr:
        value = self.value(node)
        return value if isinstance(value, pl.Expr) else pl.lit(value)

    def value(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return value
            case ast.Name() | ast.Attribute():
                return self.column(_dotted(node, self.source))
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                return [self.constant(item) for item in items]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ~self.expression(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](self.expression(left), self.expression(right))
            case ast.BoolOp(op=op, values=values):
                join = pl.all_horizontal if isinstance(op, ast.And) else pl.any_horizontal
                return join([self.expression(value) for value in values])
            case ast.Compare():
                return self.comparison(node)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self.call(name, args)
        raise self.fail(f"{type(node).__name__} isn't part of the expression language")

    def constant(self, node: ast.AST) -> Any:
        value = self.value(node)
        if value is None or isinstance(value, pl.Expr | list):
            raise self.fail(
                "a list may hold only numbers and strings", "Write None apart: x is None or x in (...)."
            )
        return value

    def column(self, name: str) -> pl.Expr:
        if name in self.columns:
            return pl.col(name)
        if name in TEXTS:
            return text_of(roles=TEXTS[name])
        raise self.fail(f"there is no column {name!r}", nearest_column(name, self.columns | set(TEXTS)))

    def comparison(self, node: ast.Compare) -> pl.Expr:
        parts = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            parts.append(self.compare(left, op, right))
            left = right
        return functools.reduce(operator.and_, parts)

    def compare(self, left: ast.AST, op: ast.cmpop, right: ast.AST) -> pl.Expr:
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Constant) and right.value is None):
                raise self.fail("'is' compares with None only")
            null = self.expression(left).is_null()
            return null if isinstance(op, ast.Is) else ~null
        if isinstance(op, ast.In | ast.NotIn):
            found = self.membership(left, right)
            return found if isinstance(op, ast.In) else ~found
        if any(isinstance(side, ast.Constant) and side.value is None for side in (left, right)):
            raise self.fail("a comparison with None is never true", "Write `is None` or `is not None`.")
        result = _COMPARE[type(op)](self.expression(left), self.expression(right))
        assert isinstance(result, pl.Expr)
        return result

    def membership(self, left: ast.AST, right: ast.AST) -> pl.Expr:
        held = self.value(right)
        if isinstance(held, list):
            return self.expression(left).is_in(held)
        text = self.value(left)
        if isinstance(text, str) and isinstance(held, pl.Expr):
            return held.str.contains(text, literal=True)
        raise self.fail("'in' wants a list at its right, or a text at its left: 'refund' in user")

    def call(self, name: str, args: list[ast.expr]) -> pl.Expr:
        if name not in FUNCTIONS:
            raise self.fail(f"there is no function {name!r}", nearest(name, FUNCTIONS))
        count, build = FUNCTIONS[name]
        if len(args) != count:
            raise self.fail(f"{name} takes {count} argument{'s' if count != 1 else ''}, not {len(args)}")
        return build(*(self.expression(arg) for arg in args))
