"""Django's SQLite as it is, with what Django works out anew for every query remembered.

A seed makes some ten thousand queries, of a few hundred shapes. Of one shape the statement is always the same, and only
the parameters differ: two queries are of one shape when everything is the same that Django makes a statement of. What is
not known here (aggregates, most expressions) is compiled as ever; so is what a filter means that is not on columns of
the model itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet, FieldDoesNotExist, FullResultSet
from django.db.backends.sqlite3 import base, operations
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, F, Model, Q, Value, lookups
from django.db.models.base import ModelState
from django.db.models.expressions import Col, NegatedExpression, OrderBy
from django.db.models.fields import related_lookups
from django.db.models.signals import post_init, pre_init
from django.db.models.sql import Query, compiler
from django.db.models.sql.where import AND, OR, WhereNode
from django.utils.dateparse import parse_datetime

Converters = dict[int, tuple[list[Callable[..., Any]], Any]]
PLAIN = frozenset({"exact", "in", "isnull", "gt", "gte", "lt", "lte", "contains", "startswith"})
OURS = frozenset({lookups.__name__, related_lookups.__name__})


class NotPlain(Exception):
    """This query is of a kind whose shape is not read here."""


@dataclass
class Statement:
    """What a compiler knows after it has compiled a query of some shape."""

    sql: str
    left: dict[str, Any]  # what it leaves for whoever reads the rows
    converters: Converters | None = None


LEFT = ("select", "klass_info", "annotation_col_map", "col_count", "has_extra_select")
_inserts: dict[Any, str | None] = {}  # None: not one statement with all values as parameters
_updates: dict[Any, str | None] = {}
_statements: dict[Any, Statement | None] = {}  # None: the parameters were not those that were foretold


def shape_of(query: Any, connection: Any) -> tuple[Any, list[Any]]:
    """The shape of a query and its parameters. Raises NotPlain, EmptyResultSet or FullResultSet."""
    if query.subquery or query.external_aliases:
        raise NotPlain
    params: list[Any] = []
    return _shape(query, connection, params), params


def _shape(query: Any, connection: Any, params: list[Any]) -> tuple[Any, ...]:
    if (
        query.extra or query.extra_tables or query.extra_order_by or query.combinator or query.distinct_fields
        or query.group_by is not None or query.explain_info or query._filtered_relations
    ):  # fmt: skip
        raise NotPlain
    mask = query.annotation_select_mask
    return (
        query.model, query.default_cols, query.default_ordering, query.standard_ordering, query.distinct,
        query.low_mark, query.high_mark, query.max_depth,
        tuple([_table(query, alias, join) for alias, join in query.alias_map.items()]),
        tuple([_column(one) for one in query.select]), query.selected and tuple(query.selected.items()),
        mask if mask is None else tuple(sorted(mask)), _annotated(query, params),
        _frozen(query.select_related), frozenset(query.deferred_loading[0]), query.deferred_loading[1],
        tuple([_order(one) for one in query.order_by]), _where(query.where, connection, params),
        query.subquery, tuple(query.external_aliases.items()),
    )  # fmt: skip


def _table(query: Any, alias: str, join: Any) -> tuple[Any, ...]:
    if join.filtered_relation is not None:
        raise NotPlain
    used = query.alias_refcount[alias] > 0
    return (
        alias,
        used,
        join.table_name,
        join.parent_alias,
        join.join_type,
        id(getattr(join, "join_field", None)),
    )


def _column(one: Any) -> tuple[Any, ...]:
    if one.__class__ is not Col:
        raise NotPlain
    return one.alias, id(one.target), id(one.output_field)


def _annotated(query: Any, params: list[Any]) -> tuple[str, ...]:
    """`exists` selects the number one."""
    for one in query.annotations.values():
        if one.__class__ is not Value or one.value != 1:
            raise NotPlain
        params.append(1)
    return tuple(query.annotations)


def _frozen(related: Any) -> Any:
    return (
        tuple([(name, _frozen(more)) for name, more in related.items()])
        if isinstance(related, dict)
        else related
    )


def _order(one: Any) -> Any:
    if one.__class__ is OrderBy and one.expression.__class__ is F:
        return vars(one.expression)["name"], one.descending, one.nulls_first, one.nulls_last
    if not isinstance(one, str):
        raise NotPlain
    return one


def _where(node: Any, connection: Any, params: list[Any]) -> tuple[Any, ...]:
    if node.__class__ is WhereNode:
        if node.connector not in (AND, OR):
            raise NotPlain
        children = tuple([_where(child, connection, params) for child in node.children])
        return node.connector, node.negated, node.resolved, children
    kind = node.__class__
    if kind is NegatedExpression:
        return kind, _where(node.expression, connection, params)
    if kind is Exists:
        return kind, _shape(node.query, connection, params)
    if kind.__module__ not in OURS or node.lookup_name not in PLAIN or node.bilateral_transforms:
        raise NotPlain
    value = node.rhs
    if value.__class__ is bool and node.lhs.__class__ in (Exists, NegatedExpression):
        return kind, _where(node.lhs, connection, params), value
    column = _column(node.lhs)
    if node.lookup_name == "isnull" or (value.__class__ is bool and node.lhs.conditional):
        return kind, column, value
    if value.__class__ is Col:
        return kind, column, _column(value)
    if value.__class__ is Query and node.lookup_name == "in":
        return kind, column, _shape(value, connection, params)
    if hasattr(value, "resolve_expression") or hasattr(value, "as_sql"):
        raise NotPlain
    sql, own = node.process_rhs(None, connection)
    params += own
    return kind, column, sql if isinstance(sql, str) else tuple(sql)


# Filters and rows

VALUES = (str, bytes, int, float, date, timedelta, UUID, Model)
LISTS = (list, tuple, set, frozenset)
DJANGOS_ADD_Q = Query.add_q
DJANGOS_FROM_DB: Any = vars(Model)["from_db"]


@contextlib.contextmanager
def quick_models() -> Iterator[None]:
    """For the length of the block, filters on a model's own columns skip the search for joins, and rows are made at once."""
    Query.add_q = add_q  # type: ignore[method-assign, assignment]
    Model.from_db = classmethod(from_db)  # type: ignore[method-assign, assignment]
    sqlite3.register_converter("datetime", _moment)
    try:
        yield
    finally:
        Query.add_q = DJANGOS_ADD_Q  # type: ignore[method-assign]
        Model.from_db = DJANGOS_FROM_DB  # type: ignore[method-assign]
        sqlite3.register_converter("datetime", base.decoder(parse_datetime))


@lru_cache(maxsize=50_000)  # all clocks of a run move by whole seconds
def _moment(text: bytes) -> datetime:
    return datetime.fromisoformat(text.decode())


def from_db(model: type[Model], db: str, names: Any, values: Any) -> Model:
    """As Django's. A whole row of a model that does nothing of its own when it is made is its columns and no more."""
    columns = _columns_of(model)
    if columns is None or len(values) != len(columns):
        return DJANGOS_FROM_DB.__func__(model, db, names, values)  # type: ignore[no-any-return]
    row = model.__new__(model)
    vars(row).update(zip(columns, values, strict=True))
    row._state = ModelState()
    row._state.adding, row._state.db = False, db
    return row


@lru_cache(maxsize=500)
def _columns_of(model: type[Model]) -> tuple[str, ...] | None:
    is_plain = model.__init__ is Model.__init__ and not any(
        signal.has_listeners(model) for signal in (pre_init, post_init)
    )
    return tuple(field.attname for field in model._meta.concrete_fields) if is_plain else None


def add_q(query: Any, conditions: Q, reuse_all: bool = False) -> None:
    """As Django's."""
    where = None
    if len(query.alias_map) <= 1 and query.model and not query.annotations and not query.combinator:
        alias = next(iter(query.alias_map), query.model._meta.db_table)
        where = _own(query.model, alias, conditions, negated=False)
    if where is None:
        DJANGOS_ADD_Q(query, conditions, reuse_all)
    elif where:
        query.get_initial_alias()
        query.where.add(where, AND)


def _own(model: type[Model], alias: str, conditions: Q, *, negated: bool) -> WhereNode | None:
    """The conditions, when all are plain ones on columns of `model`; else None."""
    negated ^= conditions.negated
    where = WhereNode(connector=conditions.connector, negated=conditions.negated)
    for child in conditions.children:
        if child.__class__ is Q:
            clause = _own(model, alias, child, negated=negated)
        elif child.__class__ is tuple:
            clause = _own_column(model, alias, *child, negated=negated)
        else:
            return None
        if clause is None:
            return None
        if clause:
            where.add(clause, conditions.connector)
    return where


def _own_column(model: type[Model], alias: str, name: str, value: Any, *, negated: bool) -> WhereNode | None:
    known = _meaning(model, name)
    if known is None:
        return None
    field, lookup = known
    if value is None and lookup.lookup_name == "exact":
        lookup, value = field.get_lookup("isnull"), True
    elif not isinstance(value, VALUES) and not (
        isinstance(value, LISTS) and all(isinstance(one, VALUES) for one in value)
    ):
        return None
    if negated and field.null and lookup.lookup_name != "isnull":
        return None
    return WhereNode([lookup(field.get_col(alias, field), value)], connector=AND)


@lru_cache(maxsize=5000)
def _meaning(model: type[Model], name: str) -> tuple[Any, Any] | None:
    """Which column and lookup the name of a condition stands for; None when neither is plain."""
    field_name, _, lookup_name = name.partition("__")
    meta = model._meta
    try:
        field: Any = meta.pk if field_name == "pk" else meta.get_field(field_name)
    except FieldDoesNotExist:
        return None
    if field not in meta.local_concrete_fields or (lookup_name or "exact") not in PLAIN:
        return None
    lookup = field.get_lookup(lookup_name or "exact")
    return (field, lookup) if lookup and lookup.__module__ in OURS else None


# Statements


class Quick:
    """Columns are most of what a statement is made of."""

    quote_name_unless_alias: Callable[[str], str]

    def compile(self, node: Any) -> Any:
        if node.__class__ is Col and node.alias:
            return f'{self.quote_name_unless_alias(node.alias)}."{node.target.column}"', []
        return super().compile(node)  # type: ignore[misc]


class SQLCompiler(Quick, compiler.SQLCompiler):
    statement: Statement | None = None

    def as_sql(self, with_limits: bool = True, with_col_aliases: bool = False) -> tuple[str, tuple[Any, ...]]:
        if not with_limits or with_col_aliases:
            return super().as_sql(with_limits, with_col_aliases)  # type: ignore[no-any-return]
        try:
            shape, params = shape_of(self.query, self.connection)
        except (NotPlain, EmptyResultSet, FullResultSet):
            return super().as_sql()  # type: ignore[no-any-return]
        if shape not in _statements:
            sql, real = super().as_sql()
            left = {name: getattr(self, name) for name in LEFT}
            _statements[shape] = self.statement = Statement(sql, left) if list(real) == params else None
            return sql, real
        self.statement = _statements[shape]
        if self.statement is None:
            return super().as_sql()  # type: ignore[no-any-return]
        vars(self).update(self.statement.left)
        return self.statement.sql, tuple(params)

    def get_converters(self, expressions: Any) -> Converters:
        if self.statement is None:
            return super().get_converters(expressions)  # type: ignore[no-any-return]
        if self.statement.converters is None:
            self.statement.converters = super().get_converters(expressions)
        return self.statement.converters


class SQLInsertCompiler(Quick, compiler.SQLInsertCompiler):
    def as_sql(self) -> list[tuple[str, tuple[Any, ...]]]:  # type: ignore[override]
        query: Any = self.query
        columns = query.fields, query.update_fields, query.unique_fields
        named = tuple([tuple(map(id, some)) for some in (*columns, self.returning_fields or ())])
        shape = query.model, named, query.on_conflict, len(query.objs)
        if shape not in _inserts:
            said = super().as_sql()
            _inserts[shape] = said[0][0] if query.fields and len(said) == 1 else None
            return said  # type: ignore[no-any-return]
        values = [
            self.prepare_value(field, self.pre_save_val(field, one))
            for one in query.objs
            for field in query.fields
        ]
        sql = _inserts[shape]
        if sql is None or any([hasattr(value, "as_sql") for value in values]):  # noqa: C419 - quicker
            return super().as_sql()  # type: ignore[no-any-return]
        return [(sql, tuple(values))]


class SQLDeleteCompiler(Quick, compiler.SQLDeleteCompiler): ...


class SQLUpdateCompiler(Quick, compiler.SQLUpdateCompiler):
    def as_sql(self) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        query: Any = self.query
        params: list[Any] = []
        try:
            if query.related_updates:
                raise NotPlain
            named = tuple([self._named(field, value, params) for field, _model, value in query.values])
            shape = named, _shape(query, self.connection, params)
        except (NotPlain, EmptyResultSet, FullResultSet):
            return super().as_sql()  # type: ignore[no-any-return]
        if shape not in _updates:
            sql, real = super().as_sql()
            _updates[shape] = sql if list(real) == params else None
            return sql, real
        known = _updates[shape]
        return super().as_sql() if known is None else (known, tuple(params))

    def _named(self, field: Any, value: Any, params: list[Any]) -> tuple[int, bool]:
        if isinstance(value, Model):
            value = value.prepare_database_save(field)
        if hasattr(value, "resolve_expression"):
            raise NotPlain
        kept = field.get_db_prep_save(value, connection=self.connection)
        if hasattr(kept, "as_sql"):
            raise NotPlain
        if kept is not None:
            params.append(kept)
        return id(field), kept is None


class SQLAggregateCompiler(Quick, compiler.SQLAggregateCompiler): ...


class Operations(operations.DatabaseOperations):
    compiler_module = __name__

    def convert_datetimefield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value.__class__ is datetime:
            return value.replace(tzinfo=UTC)
        return super().convert_datetimefield_value(value, expression, connection)

    # A savepoint's name in SQL says only how deep it is: each other name would be one more statement to prepare

    def savepoint_create_sql(self, sid: str) -> str:
        return super().savepoint_create_sql(sid.partition("_")[0])

    def savepoint_commit_sql(self, sid: str) -> str:
        return super().savepoint_commit_sql(sid.partition("_")[0])

    def savepoint_rollback_sql(self, sid: str) -> str:
        return super().savepoint_rollback_sql(sid.partition("_")[0])


@lru_cache(maxsize=5000)
def _with_question_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        return (
            super().convert_query(query, param_names=param_names)
            if param_names
            else _with_question_marks(query)
        )


class Answers(CursorWrapper):
    """A cursor whose trouble becomes Django's, as ever; the rows come from SQLite's own."""

    def __init__(self, cursor: Cursor, db: DatabaseWrapper) -> None:
        super().__init__(cursor, db)
        self.fetchone, self.fetchmany, self.close = cursor.fetchone, cursor.fetchmany, cursor.close

    def execute(self, sql: Any, params: Any = None) -> Any:
        if self.db.execute_wrappers or self.db.needs_rollback:
            return super().execute(sql, params)
        try:
            return self.cursor.execute(sql, params)
        except sqlite3.Error:
            with self.db.wrap_database_errors:
                raise


class DatabaseWrapper(base.DatabaseWrapper):
    """No other thread has this connection, nobody logs its statements, and no other process has its file."""

    ops_class = Operations

    def ensure_connection(self) -> None:
        if self.connection is None:
            self.connect()

    def cursor(self) -> Answers:
        self.ensure_connection()
        return Answers(self.connection.cursor(factory=Cursor), self)

    def savepoint(self) -> str:
        self.savepoint_state += 1
        sid = f"s{len(self.savepoint_ids)}_{self.savepoint_state}"
        self._savepoint(sid)  # type: ignore[attr-defined]
        return sid
