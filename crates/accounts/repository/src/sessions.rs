//! Sessions and their refresh tokens.

use accounts_model::session::Session;
use database::column::word;
use database::{Scoped, Transaction};
use kernel::{
    Fault, Page, PageRequest, RefreshTokenId, Role, SellerId, SessionId, Timestamp, UserId,
};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// A refresh token as stored, with its session.
pub struct StoredToken {
    /// The session.
    pub session: Session,
    /// The SHA-256 of the secret.
    pub hash: Vec<u8>,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// What a session gives access to right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The user's role.
    pub role: Role,
    /// The seller they belong to.
    pub seller: Option<SellerId>,
    /// Whether the account may be used.
    pub active: bool,
    /// Until when the session is good.
    pub expires_at: Timestamp,
    /// Whether it was ended early.
    pub revoked: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// About when it was last used.
    pub last_used_at: Timestamp,
    /// Whether the user has a second factor.
    pub two_factor: bool,
}

#[derive(FromQueryResult)]
struct TokenRow {
    hash: Vec<u8>,
    token_expires_at: i64,
    used_at: Option<i64>,
    session_id: Uuid,
    user_id: Uuid,
    user_agent: Option<String>,
    address: Option<String>,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct AccessRow {
    role: String,
    seller_id: Option<Uuid>,
    status: String,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    confirmed_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    user_agent: Option<String>,
    address: Option<String>,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
}

const COLUMNS: &str =
    "id, user_id, user_agent, address, created_at, last_used_at, expires_at, revoked_at";

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            user_agent: row.user_agent,
            address: row.address.and_then(|address| address.parse().ok()),
            created_at: Timestamp::from_micros(row.created_at),
            last_used_at: Timestamp::from_micros(row.last_used_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            revoked_at: row.revoked_at.map(Timestamp::from_micros),
        }
    }
}

/// Adds a session.
pub async fn insert(tx: &Transaction, session: &Session) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO sessions (tenant_id, id, user_id, user_agent, address, created_at, last_used_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            session.id.uuid().into(),
            session.user.uuid().into(),
            session.user_agent.clone().into(),
            session.address.map(|address| address.to_string()).into(),
            session.created_at.micros().into(),
            session.last_used_at.micros().into(),
            session.expires_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Adds a refresh token to a session.
pub async fn insert_token(
    tx: &Transaction,
    id: RefreshTokenId,
    session: SessionId,
    hash: [u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO refresh_tokens (tenant_id, id, session_id, hash, issued_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        [
            id.uuid().into(),
            session.uuid().into(),
            hash.to_vec().into(),
            now.micros().into(),
            expires_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// A refresh token with its session.
pub async fn find_token(db: &Scoped, id: RefreshTokenId) -> Result<Option<StoredToken>, Fault> {
    let row: Option<TokenRow> = db
        .one(
            "SELECT t.hash, t.expires_at AS token_expires_at, t.used_at, s.id AS session_id, s.user_id, s.user_agent, \
                    s.address, s.created_at, s.last_used_at, s.expires_at, s.revoked_at \
             FROM refresh_tokens t JOIN sessions s ON s.tenant_id = t.tenant_id AND s.id = t.session_id \
             WHERE t.tenant_id = $1 AND t.id = $2",
            [id.uuid().into()],
        )
        .await?;
    Ok(row.map(|row| StoredToken {
        hash: row.hash,
        expires_at: Timestamp::from_micros(row.token_expires_at),
        used_at: row.used_at.map(Timestamp::from_micros),
        session: Session {
            id: SessionId::from_uuid(row.session_id),
            user: UserId::from_uuid(row.user_id),
            user_agent: row.user_agent,
            address: row.address.and_then(|address| address.parse().ok()),
            created_at: Timestamp::from_micros(row.created_at),
            last_used_at: Timestamp::from_micros(row.last_used_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            revoked_at: row.revoked_at.map(Timestamp::from_micros),
        },
    }))
}

/// Marks a refresh token as used. False when somebody else was faster.
pub async fn use_token(
    tx: &Transaction,
    id: RefreshTokenId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE refresh_tokens SET used_at = $2 WHERE tenant_id = $1 AND id = $3 AND used_at IS NULL",
            [now.micros().into(), id.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes that a session goes on until then.
pub async fn extend(
    tx: &Transaction,
    id: SessionId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE tenant_id = $1 AND id = $4",
        [
            now.micros().into(),
            expires_at.micros().into(),
            id.uuid().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Ends a session. False when it was over already.
pub async fn revoke(
    tx: &Transaction,
    id: SessionId,
    because: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE sessions SET revoked_at = $2, revoked_because = $3 \
             WHERE tenant_id = $1 AND id = $4 AND revoked_at IS NULL",
            [now.micros().into(), because.into(), id.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Ends all sessions of a user.
pub async fn revoke_all(
    tx: &Transaction,
    user: UserId,
    because: &str,
    now: Timestamp,
) -> Result<u64, Fault> {
    tx.run(
        "UPDATE sessions SET revoked_at = $2, revoked_because = $3 \
         WHERE tenant_id = $1 AND user_id = $4 AND revoked_at IS NULL",
        [now.micros().into(), because.into(), user.uuid().into()],
    )
    .await
}

/// What a session gives access to.
pub async fn access(db: &Scoped, id: SessionId, user: UserId) -> Result<Option<Access>, Fault> {
    let row: Option<AccessRow> = db
        .one(
            "SELECT u.role, u.seller_id, u.status, s.created_at, s.last_used_at, s.expires_at, s.revoked_at, f.confirmed_at \
             FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id \
             LEFT JOIN two_factors f ON f.tenant_id = s.tenant_id AND f.user_id = s.user_id \
             WHERE s.tenant_id = $1 AND s.id = $2 AND s.user_id = $3",
            [id.uuid().into(), user.uuid().into()],
        )
        .await?;
    row.map(|row| {
        Ok(Access {
            role: word("users.role", &row.role)?,
            seller: row.seller_id.map(SellerId::from_uuid),
            active: row.status == "active",
            expires_at: Timestamp::from_micros(row.expires_at),
            revoked: row.revoked_at.is_some(),
            created_at: Timestamp::from_micros(row.created_at),
            last_used_at: Timestamp::from_micros(row.last_used_at),
            two_factor: row.confirmed_at.is_some(),
        })
    })
    .transpose()
}

/// One session.
pub async fn find(db: &Scoped, id: SessionId) -> Result<Option<Session>, Fault> {
    let row: Option<SessionRow> = db
        .one(
            &format!("SELECT {COLUMNS} FROM sessions WHERE tenant_id = $1 AND id = $2"),
            [id.uuid().into()],
        )
        .await?;
    Ok(row.map(Session::from))
}

/// All sessions that are kept of a user, those that ended included.
pub async fn all_of(db: &Scoped, user: UserId) -> Result<Vec<Session>, Fault> {
    let rows: Vec<SessionRow> = db
        .all(
            &format!(
                "SELECT {COLUMNS} FROM sessions WHERE tenant_id = $1 AND user_id = $2 ORDER BY id"
            ),
            [user.uuid().into()],
        )
        .await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Sessions of a user that go on, newest first. Those that were opened or used
/// last before some instants do not.
pub async fn list(
    db: &Scoped,
    user: UserId,
    now: Timestamp,
    (opened_after, used_after): (Timestamp, Timestamp),
    page: PageRequest<SessionId>,
) -> Result<Page<Session, SessionId>, Fault> {
    let after = page.after.map_or(Uuid::max(), SessionId::uuid);
    let rows: Vec<SessionRow> = db
        .all(
            &format!(
                "SELECT {COLUMNS} FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL \
                 AND expires_at > $3 AND created_at > $4 AND last_used_at > $5 AND id < $6 ORDER BY id DESC LIMIT $7"
            ),
            [
                user.uuid().into(),
                now.micros().into(),
                opened_after.micros().into(),
                used_after.micros().into(),
                after.into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let sessions = rows.into_iter().map(Session::from).collect();
    Ok(Page::from_rows(sessions, page.limit, |session| session.id))
}

/// Ends a session of a user. False when there is none that goes on.
pub async fn revoke_of(
    tx: &Transaction,
    user: UserId,
    id: SessionId,
    because: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE sessions SET revoked_at = $2, revoked_because = $3 \
             WHERE tenant_id = $1 AND id = $4 AND user_id = $5 AND revoked_at IS NULL",
            [
                now.micros().into(),
                because.into(),
                id.uuid().into(),
                user.uuid().into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Ends all sessions of a user but one; how many.
pub async fn revoke_others(
    tx: &Transaction,
    user: UserId,
    but: SessionId,
    because: &str,
    now: Timestamp,
) -> Result<u64, Fault> {
    tx.run(
        "UPDATE sessions SET revoked_at = $2, revoked_because = $3 \
         WHERE tenant_id = $1 AND user_id = $4 AND id <> $5 AND revoked_at IS NULL AND expires_at > $2",
        [
            now.micros().into(),
            because.into(),
            user.uuid().into(),
            but.uuid().into(),
        ],
    )
    .await
}

/// The write that notes that a session is used, if it was used since then and
/// goes on.
pub fn touch(id: SessionId, since: Timestamp, now: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "UPDATE sessions SET last_used_at = $2 \
         WHERE tenant_id = $1 AND id = $3 AND revoked_at IS NULL AND last_used_at > $4",
        vec![now.micros().into(), id.uuid().into(), since.micros().into()],
    )
}

/// Deletes sessions that ended before, with their tokens.
pub async fn delete_ended(tx: &Transaction, before: Timestamp) -> Result<u64, Fault> {
    tx.run(
        "DELETE FROM sessions WHERE tenant_id = $1 AND expires_at < $2",
        [before.micros().into()],
    )
    .await
}
