//! Forgetting people.

use database::Transaction;
use kernel::{Fault, Timestamp, UserId};

/// Notes that a user is forgotten, and at whose wish. False when they are
/// already.
pub async fn insert(
    tx: &Transaction,
    user: UserId,
    requested_by: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let added = tx
        .run(
            "INSERT INTO erasures (tenant_id, user_id, requested_by, erased_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            [
                user.uuid().into(),
                requested_by.into(),
                now.micros().into(),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// What goes, in an order in which it can.
const DELETED: &[&str] = &[
    "DELETE FROM used_challenges WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM two_factors WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM sign_in_places WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM one_time_tokens WHERE tenant_id = $1 AND user_id = $2",
    "DELETE FROM api_keys WHERE tenant_id = $1 AND user_id = $2",
    // Their refresh tokens go with them.
    "DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2",
];

/// Deletes all that belongs to an account, and makes of its row one that
/// nobody can sign in with and that says nothing about anybody.
pub async fn erase_account(tx: &Transaction, user: UserId, now: Timestamp) -> Result<(), Fault> {
    for sql in DELETED {
        tx.run(sql, [user.uuid().into()]).await?;
    }
    // RFC 2606 reserves `.invalid`. No hash is the one of any password.
    let email = format!("{user}@erased.invalid");
    tx.run(
        "UPDATE users SET email = $3, password_hash = '!', status = 'disabled', name = '(erased)', phone = NULL, \
           locale = NULL, email_verified_at = NULL, version = version + 1, updated_at = $4 \
         WHERE tenant_id = $1 AND id = $2 AND email <> $3",
        [user.uuid().into(), email.into(), now.micros().into()],
    )
    .await
    .map(|_| ())
}
