//! Second factors and recovery codes.

use database::{Scoped, Transaction};
use kernel::{Fault, Timestamp, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// A second factor as a try at it finds it.
#[derive(FromQueryResult)]
pub struct Tried {
    /// The sealed secret.
    pub secret: Vec<u8>,
}

/// How a second factor stands.
#[derive(FromQueryResult)]
pub struct Standing {
    /// Since when it is on.
    pub confirmed_at: Option<i64>,
    /// Until when no code is looked at.
    pub blocked_until: Option<i64>,
    /// Recovery codes that were not used yet.
    pub codes_left: i64,
}

/// Whether a second factor is to be on, or about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// On.
    Confirmed,
    /// Enrolled and not confirmed yet.
    Enrolled,
}

impl Which {
    fn condition(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed_at IS NOT NULL",
            Self::Enrolled => "confirmed_at IS NULL",
        }
    }
}

/// Stores a sealed secret that waits to be confirmed, in place of one that
/// does. False when one is confirmed already.
pub async fn enroll(
    tx: &Transaction,
    user: UserId,
    secret: Vec<u8>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let written = tx
        .run(
            "INSERT INTO two_factors (tenant_id, user_id, secret, last_step, failures, created_at) \
             VALUES ($1, $2, $3, 0, 0, $4) \
             ON CONFLICT (tenant_id, user_id) DO UPDATE SET secret = excluded.secret, last_step = 0, failures = 0, \
               blocked_until = NULL, created_at = excluded.created_at \
             WHERE two_factors.confirmed_at IS NULL",
            [user.uuid().into(), secret.into(), now.micros().into()],
        )
        .await?;
    Ok(written == 1)
}

/// Counts a try before its code is looked at, and holds the row until the
/// transaction ends, so that tries at once are counted one after the other.
/// `None` when there is no such factor, or no code is looked at for now.
pub async fn begin_try(
    tx: &Transaction,
    user: UserId,
    which: Which,
    max_failures: i64,
    now: Timestamp,
    blocked_until: Timestamp,
) -> Result<Option<Tried>, Fault> {
    tx.one(
        &format!(
            "UPDATE two_factors SET \
               failures = CASE WHEN blocked_until IS NULL THEN failures + 1 ELSE 1 END, \
               blocked_until = CASE WHEN blocked_until IS NULL AND failures + 1 >= $3 THEN $4 END \
             WHERE tenant_id = $1 AND user_id = $2 AND {} AND (blocked_until IS NULL OR blocked_until <= $5) \
             RETURNING secret",
            which.condition()
        ),
        [
            user.uuid().into(),
            max_failures.into(),
            blocked_until.micros().into(),
            now.micros().into(),
        ],
    )
    .await
}

/// Takes the step of a code, which works once: no step up to it is taken
/// again. The tries before are forgotten. False when it was taken before.
pub async fn accept_step(tx: &Transaction, user: UserId, step: i64) -> Result<bool, Fault> {
    let taken = tx
        .run(
            "UPDATE two_factors SET last_step = $3, failures = 0, blocked_until = NULL \
             WHERE tenant_id = $1 AND user_id = $2 AND last_step < $3",
            [user.uuid().into(), step.into()],
        )
        .await?;
    Ok(taken == 1)
}

/// Takes a recovery code, which works once. The tries before are forgotten.
/// False when there is no such code, or it was used.
pub async fn accept_recovery(
    tx: &Transaction,
    user: UserId,
    hash: [u8; 32],
    now: Timestamp,
) -> Result<bool, Fault> {
    let used = tx
        .run(
            "UPDATE recovery_codes SET used_at = $4 \
             WHERE tenant_id = $1 AND user_id = $2 AND hash = $3 AND used_at IS NULL",
            [
                user.uuid().into(),
                hash.to_vec().into(),
                now.micros().into(),
            ],
        )
        .await?;
    if used == 1 {
        tx.run(
            "UPDATE two_factors SET failures = 0, blocked_until = NULL WHERE tenant_id = $1 AND user_id = $2",
            [user.uuid().into()],
        )
        .await?;
    }
    Ok(used == 1)
}

/// Turns a second factor on. False when it is on already.
pub async fn confirm(tx: &Transaction, user: UserId, now: Timestamp) -> Result<bool, Fault> {
    let confirmed = tx
        .run(
            "UPDATE two_factors SET confirmed_at = $3 \
             WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NULL",
            [user.uuid().into(), now.micros().into()],
        )
        .await?;
    Ok(confirmed == 1)
}

/// Replaces all recovery codes.
pub async fn set_recovery_codes(
    tx: &Transaction,
    user: UserId,
    hashes: &[[u8; 32]],
) -> Result<(), Fault> {
    tx.run(
        "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2",
        [user.uuid().into()],
    )
    .await?;
    for hash in hashes {
        tx.run(
            "INSERT INTO recovery_codes (tenant_id, user_id, hash) VALUES ($1, $2, $3)",
            [user.uuid().into(), hash.to_vec().into()],
        )
        .await?;
    }
    Ok(())
}

/// Removes a second factor with its recovery codes. False when there was none
/// that was on.
pub async fn remove(tx: &Transaction, user: UserId) -> Result<bool, Fault> {
    tx.run(
        "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2",
        [user.uuid().into()],
    )
    .await?;
    let removed = tx
        .run(
            "DELETE FROM two_factors WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL",
            [user.uuid().into()],
        )
        .await?;
    Ok(removed == 1)
}

/// How the second factor of a user stands; none when there is none at all.
pub async fn standing(db: &Scoped, user: UserId) -> Result<Option<Standing>, Fault> {
    db.one(
        "SELECT confirmed_at, blocked_until, \
           (SELECT count(*) FROM recovery_codes c WHERE c.tenant_id = f.tenant_id AND c.user_id = f.user_id \
            AND c.used_at IS NULL) AS codes_left \
         FROM two_factors f WHERE f.tenant_id = $1 AND f.user_id = $2",
        [user.uuid().into()],
    )
    .await
}

/// Notes that the token of a first step led to a session. False when it did
/// before.
pub async fn use_challenge(
    tx: &Transaction,
    id: Uuid,
    user: UserId,
    expires_at: Timestamp,
) -> Result<bool, Fault> {
    let noted = tx
        .run(
            "INSERT INTO used_challenges (tenant_id, id, user_id, expires_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (tenant_id, id) DO NOTHING",
            [id.into(), user.uuid().into(), expires_at.micros().into()],
        )
        .await?;
    Ok(noted == 1)
}

/// Forgets tokens that were over before; they are refused for that.
pub async fn forget_challenges(tx: &Transaction, before: Timestamp) -> Result<u64, Fault> {
    tx.run(
        "DELETE FROM used_challenges WHERE tenant_id = $1 AND expires_at < $2",
        [before.micros().into()],
    )
    .await
}
