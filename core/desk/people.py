"""Users, their archive preference and their tokens."""

from datetime import datetime
from uuid import UUID

from core.desk.transaction import Row, Tx
from core.ids import new_id
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


def add_user(tx: Tx, email: str, name: str, role: Role, now: datetime) -> User:
    added = User(new_id(now), email.strip().lower(), name, role, active=True)
    tx.insert(
        "users", added.id, added.email, added.name, added.role, added.active, DESK_SOURCE, tx.number
    )  # fmt: skip
    return added


def change_user(tx: Tx, user_id: UUID, role: Role, active: bool) -> None:
    tx.run("UPDATE users SET role = ?, active = ?, number = ? WHERE id = ?", role, active, tx.number, user_id)


def archive_preference(tx: Tx, user_id: UUID) -> ArchivePreference:
    """R9: the last one chosen; `after_12h` until then."""

    def read() -> ArchivePreference:
        chosen = tx.rows("SELECT archive FROM preference_changes WHERE user_id = ? ORDER BY number", user_id)
        return ArchivePreference(chosen[-1][0]) if chosen else ArchivePreference.AFTER_12H

    return tx.remembered("preference", user_id, read=read)


def add_preference(tx: Tx, user_id: UUID, archive: ArchivePreference, now: datetime) -> None:
    tx.insert("preference_changes", tx.number, user_id, archive, now)


TOKEN_ROW = "SELECT id, user_id, name, scope, created_at, revoked_at FROM tokens"  # noqa: S105


def _token(row: Row) -> Token:
    return Token(row[0], row[1], row[2], Scope(row[3]), row[4], row[5])


def token_by_hash(tx: Tx, digest: str) -> Token | None:
    return tx.remembered(
        "token", digest, read=lambda: tx.first(_token, f"{TOKEN_ROW} WHERE hash = ?", digest)
    )


def live_tokens(tx: Tx, name: str) -> list[Token]:
    return [_token(row) for row in tx.rows(f"{TOKEN_ROW} WHERE name = ? AND revoked_at IS NULL", name)]


def live_token_hashes(tx: Tx, scope: Scope) -> list[tuple[str, UUID]]:
    """Of each token of this scope that was not revoked: its hash, and whose it is."""
    rows = tx.rows("SELECT hash, user_id FROM tokens WHERE scope = ? AND revoked_at IS NULL", scope)
    return [(digest, user_id) for digest, user_id in rows]


def add_token(tx: Tx, token: Token, digest: str, created_by: UUID) -> None:
    tx.insert(
        "tokens", token.id, token.user_id, token.name, token.scope, digest, token.created_at, created_by, None, None, None,
    )  # fmt: skip


def revoke_token(tx: Tx, token_id: UUID, revoked_by: UUID, now: datetime) -> None:
    tx.run("UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE id = ?", now, revoked_by, token_id)
