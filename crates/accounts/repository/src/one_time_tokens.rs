//! Tokens that were mailed and work once.

use accounts_model::email::Email;
use database::Transaction;
use kernel::{Fault, OneTimeTokenId, Timestamp, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// What a mailed token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To prove an address.
    VerifyEmail,
    /// To set a new password.
    ResetPassword,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A token to store.
pub struct NewToken<'a> {
    /// Which.
    pub id: OneTimeTokenId,
    /// Whose.
    pub user: UserId,
    /// What for.
    pub purpose: Purpose,
    /// The SHA-256 of the secret.
    pub hash: [u8; 32],
    /// The address it was sent to.
    pub email: &'a Email,
    /// When it was made.
    pub now: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Adds a token.
pub async fn insert(tx: &Transaction, token: NewToken<'_>) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO one_time_tokens (tenant_id, id, user_id, purpose, hash, email, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            token.id.uuid().into(),
            token.user.uuid().into(),
            token.purpose.name().into(),
            token.hash.to_vec().into(),
            token.email.as_str().into(),
            token.now.micros().into(),
            token.expires_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

#[derive(FromQueryResult)]
struct Row {
    user_id: Uuid,
    email: String,
}

/// Uses a token up: whose it was and to which address it was sent. `None`
/// when it is unknown, used, or over.
pub async fn take(
    tx: &Transaction,
    id: OneTimeTokenId,
    purpose: Purpose,
    hash: [u8; 32],
    now: Timestamp,
) -> Result<Option<(UserId, Email)>, Fault> {
    let row: Option<Row> = tx
        .one(
            "UPDATE one_time_tokens SET used_at = $2 \
             WHERE tenant_id = $1 AND id = $3 AND purpose = $4 AND hash = $5 AND used_at IS NULL AND expires_at > $2 \
             RETURNING user_id, email",
            [
                now.micros().into(),
                id.uuid().into(),
                purpose.name().into(),
                hash.to_vec().into(),
            ],
        )
        .await?;
    Ok(row.map(|row| {
        (
            UserId::from_uuid(row.user_id),
            Email::from_stored(row.email),
        )
    }))
}

/// Uses up all tokens of a user for a purpose.
pub async fn use_all(
    tx: &Transaction,
    user: UserId,
    purpose: Purpose,
    now: Timestamp,
) -> Result<u64, Fault> {
    tx.run(
        "UPDATE one_time_tokens SET used_at = $2 \
         WHERE tenant_id = $1 AND user_id = $3 AND purpose = $4 AND used_at IS NULL",
        [
            now.micros().into(),
            user.uuid().into(),
            purpose.name().into(),
        ],
    )
    .await
}

/// Deletes tokens that expired before.
pub async fn delete_expired(tx: &Transaction, before: Timestamp) -> Result<u64, Fault> {
    tx.run(
        "DELETE FROM one_time_tokens WHERE tenant_id = $1 AND expires_at < $2",
        [before.micros().into()],
    )
    .await
}
