"""Users, their archive preference and their tokens."""

from datetime import datetime
from uuid import UUID

from core.desk.transaction import Row, Tx
from core.model import DESK_SOURCE, ArchivePreference, Role, Scope, Token, User

USER = "SELECT id, email, name, role, active FROM users"


def _user(row: Row) -> User:
    return User(row[0], row[1], row[2], Role(row[3]), row[4])


def user(tx: Tx, user_id: UUID) -> User | None:
    return tx.remembered("user", user_id, read=lambda: tx.first(_user, f"{USER} WHERE id = ?", user_id))


def name(tx: Tx, user_id: UUID | None) -> str | None:
    found = user(tx, user_id) if user_id else None
    return found.name if found else None


def user_by_email(tx: Tx, email: str) -> User | None:
    return tx.first(_user, f"{USER} WHERE email = ?", email.strip().lower())


def users(tx: Tx) -> list[User]:
    """Everybody but `system`, by name."""
    sql = f"{USER} WHERE role <> 'system' ORDER BY lower(name), id"
    return list(tx.remembered("users", read=lambda: [_user(row) for row in tx.rows(sql)]))


def last_change(tx: Tx) -> int:
    """The number of the last command that changed somebody."""
    return tx.remembered("people", read=lambda: int(tx.value("SELECT max(number) FROM users")))


def add_user(tx: Tx, added: User, by: UUID, now: datetime) -> None:
    tx.insert(
        "users", added.id, added.email, added.name, added.role, added.active, DESK_SOURCE, tx.number
    )  # fmt: skip
    _keep_change(tx, added, by, now)


def change_user(tx: Tx, changed: User, by: UUID, now: datetime) -> None:
    tx.run(
        "UPDATE users SET email = ?, name = ?, role = ?, active = ?, number = ? WHERE id = ?",
        changed.email, changed.name, changed.role, changed.active, tx.number, changed.id,
    )  # fmt: skip
    _keep_change(tx, changed, by, now)


def _keep_change(tx: Tx, after: User, by: UUID, now: datetime) -> None:
    """R15: as they are from now on, and who said so."""
    tx.insert(
        "user_changes", tx.number, after.id, after.email, after.name, after.role, after.active, now, by
    )  # fmt: skip


def archive_preference(tx: Tx, user_id: UUID) -> ArchivePreference:
    """R9: the last one chosen; `after_12h` until then."""

    def read() -> ArchivePreference:
        chosen = tx.rows("SELECT archive FROM preference_changes WHERE user_id = ? ORDER BY number", user_id)
        return ArchivePreference(chosen[-1][0]) if chosen else ArchivePreference.AFTER_12H

    return tx.remembered("preference", user_id, read=read)


def add_preference(tx: Tx, user_id: UUID, archive: ArchivePreference, now: datetime) -> None:
    tx.insert("preference_changes", tx.number, user_id, archive, now)


TOKEN_ROW = "SELECT id, user_id, name, scope, created_at, expires_at, revoked_at"  # noqa: S105


def _token(row: Row) -> Token:
    return Token(row[0], row[1], row[2], Scope(row[3]), *row[4:7])


def token_by_hash(tx: Tx, digest: str) -> Token | None:
    return tx.remembered(
        "token", digest, read=lambda: tx.first(_token, f"{TOKEN_ROW} FROM tokens WHERE hash = ?", digest)
    )


def tokens(tx: Tx) -> list[tuple[Token, UUID]]:
    """All there ever were, the newest first, each with who created it."""
    rows = tx.rows(f"{TOKEN_ROW}, created_by FROM tokens ORDER BY id DESC")
    return [(_token(row), row[-1]) for row in rows]


def unrevoked_tokens(tx: Tx, name: str) -> list[Token]:
    """Those of this name that nobody revoked, expired or not."""
    return [
        _token(row) for row in tx.rows(f"{TOKEN_ROW} FROM tokens WHERE name = ? AND revoked_at IS NULL", name)
    ]


def unrevoked_by_hash(tx: Tx, scope: Scope) -> dict[str, Token]:
    """The tokens of this scope that nobody revoked, by their hash."""
    rows = tx.rows(f"{TOKEN_ROW}, hash FROM tokens WHERE scope = ? AND revoked_at IS NULL", scope)
    return {row[-1]: _token(row) for row in rows}


def add_token(tx: Tx, token: Token, digest: str, created_by: UUID) -> None:
    tx.insert(
        "tokens", token.id, token.user_id, token.name, token.scope, digest, token.created_at, created_by, None, None,
        token.expires_at,
    )  # fmt: skip


def revoke_token(tx: Tx, token_id: UUID, revoked_by: UUID, now: datetime) -> None:
    tx.run("UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE id = ?", now, revoked_by, token_id)


def token_uses(tx: Tx) -> dict[UUID, datetime]:
    """When each token was used last, to the minute; those never used are not among them."""
    return dict(tx.rows("SELECT token_id, used_at FROM token_uses"))


def token_used_at(tx: Tx, token_id: UUID) -> datetime | None:
    row = tx.row("SELECT used_at FROM token_uses WHERE token_id = ?", token_id)
    return row[0] if row else None


def note_token_use(tx: Tx, token_id: UUID, at: datetime) -> None:
    """Not part of history: it has no number, and only the last use is kept."""
    before = token_used_at(tx, token_id)
    if before is None:
        tx.insert("token_uses", token_id, at)
    elif before < at:
        tx.run("UPDATE token_uses SET used_at = ? WHERE token_id = ?", at, token_id)


def is_first_use(tx: Tx, token_id: UUID, minute: datetime) -> bool:
    """Whether nobody noted a use in this minute yet; who is told so does, and nobody else tries before the next one."""
    if is_noted_use(tx, token_id, minute):
        return False
    tx.known["token_use", token_id] = minute
    return True


def is_noted_use(tx: Tx, token_id: UUID, minute: datetime) -> bool:
    """Whether somebody has noted a use in this minute, or is about to."""
    noted = tx.remembered("token_use", token_id, read=lambda: token_used_at(tx, token_id))
    return noted is not None and noted >= minute
