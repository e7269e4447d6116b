//! Devices and networks from which people signed in.

use database::{Scoped, Transaction};
use kernel::{Fault, Timestamp, UserId};
use sea_orm::FromQueryResult;

/// Of what a place is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the client called itself.
    Device,
    /// Where the client was.
    Network,
}

impl Kind {
    /// The text form, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Network => "network",
        }
    }
}

/// A place, as stored.
#[derive(FromQueryResult)]
pub struct Place {
    /// A keyed hash of user, kind and what it is.
    pub fingerprint: Vec<u8>,
}

/// All places of a user.
pub async fn of(db: &Scoped, user: UserId) -> Result<Vec<Place>, Fault> {
    db.all(
        "SELECT fingerprint FROM sign_in_places WHERE tenant_id = $1 AND user_id = $2",
        [user.uuid().into()],
    )
    .await
}

/// Adds a place; that it is there already is no error.
pub async fn add(
    tx: &Transaction,
    user: UserId,
    kind: Kind,
    fingerprint: [u8; 32],
    now: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO sign_in_places (tenant_id, user_id, kind, fingerprint, first_seen_at, last_seen_at) \
         VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING",
        [
            user.uuid().into(),
            kind.name().into(),
            fingerprint.to_vec().into(),
            now.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Notes that somebody was there again.
pub async fn touch(
    tx: &Transaction,
    user: UserId,
    kind: Kind,
    fingerprint: &[u8],
    now: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "UPDATE sign_in_places SET last_seen_at = $5 \
         WHERE tenant_id = $1 AND user_id = $2 AND kind = $3 AND fingerprint = $4",
        [
            user.uuid().into(),
            kind.name().into(),
            fingerprint.to_vec().into(),
            now.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Deletes places where nobody was since.
pub async fn delete_unseen(tx: &Transaction, since: Timestamp) -> Result<u64, Fault> {
    tx.run(
        "DELETE FROM sign_in_places WHERE tenant_id = $1 AND last_seen_at < $2",
        [since.micros().into()],
    )
    .await
}

/// Deletes the places of a user.
pub async fn delete_of(tx: &Transaction, user: UserId) -> Result<(), Fault> {
    tx.run(
        "DELETE FROM sign_in_places WHERE tenant_id = $1 AND user_id = $2",
        [user.uuid().into()],
    )
    .await
    .map(|_| ())
}
