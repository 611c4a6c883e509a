"""How PostgreSQL's own tools reach the database that DATABASE_URL names."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import make_url, text

from bot.store.engine import make_engine


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server: its major version, the database, and the environment its tools need (with the password)."""

    major: int
    database: str
    environment: dict[str, str] = field(repr=False)


def describe(database_url: str) -> Server:
    """Ask the server what it is; raises SQLAlchemy's OperationalError when it does not answer."""
    engine = make_engine(database_url)
    with engine.connect() as connection:
        number = int(str(connection.scalar(text("SHOW server_version_num"))))
    engine.dispose()
    url = make_url(database_url)
    host, port = url.host or url.query.get("host"), url.port or url.query.get("port")
    known = {"PGHOST": host, "PGPORT": port, "PGUSER": url.username, "PGPASSWORD": url.password}
    known["PGSSLMODE"] = url.query.get("sslmode")
    return Server(number // 10000, url.database or "postgres", {k: str(v) for k, v in known.items() if v})
