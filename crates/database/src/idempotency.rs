//! Requests that carry an `Idempotency-Key` have one effect.
//!
//! The value a use case returns is stored, sealed, in the transaction of its
//! effect, under a unique key of tenant, principal, route and key. A repeated
//! request gets that value back, and the layer above renders the same answer
//! from it. Two at the same time are told apart on PostgreSQL by an advisory
//! lock (the second gets [`IdempotencyConflict::InProgress`]) and on SQLite by
//! there being one writer.

use std::ops::Deref;

use kernel::secret::sha256;
use kernel::{Fault, Idempotency, IdempotencyConflict, OnceError, RequestKeyId, Scope, Timestamp};
use sea_orm::FromQueryResult;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::Backend;
use crate::database::Database;
use crate::fault::permanent;
use crate::transaction::Transaction;

/// What [`Database::begin_once`] found.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment, on the stack"
)]
pub enum Once<T> {
    /// The request was answered before, with this value.
    Replayed(T),
    /// It is new: do the work in this transaction, then
    /// [`OnceTransaction::commit_with`] the value.
    Fresh(OnceTransaction),
}

/// A write transaction that stores what the request is answered with.
pub struct OnceTransaction {
    transaction: Transaction,
    database: Database,
    now: Timestamp,
}

#[derive(FromQueryResult)]
struct Found {
    locked: bool,
    fingerprint: Option<Vec<u8>>,
    response: Option<Vec<u8>>,
}

impl Database {
    /// Begins a write transaction, unless the scope's request was answered
    /// before. Without an idempotency wish it is always fresh.
    pub async fn begin_once<T: DeserializeOwned>(
        &self,
        scope: &Scope,
        name: &'static str,
        now: Timestamp,
    ) -> Result<Once<T>, OnceError> {
        let transaction = self.begin_write(scope, name).await?;
        if let Some(wish) = &scope.request().idempotency {
            let found = look_up(&transaction, wish).await?;
            if let Some(value) = self.replay(scope, wish, found)? {
                return Ok(Once::Replayed(value));
            }
        }
        Ok(Once::Fresh(OnceTransaction {
            transaction,
            database: self.clone(),
            now,
        }))
    }

    /// Replaces the stored answer of the scope's request with a later one, for
    /// use cases that go on after their transaction. Without an idempotency
    /// wish there is nothing to do.
    pub async fn amend_once<T: Serialize>(&self, scope: &Scope, value: &T) -> Result<(), Fault> {
        let Some(wish) = &scope.request().idempotency else {
            return Ok(());
        };
        let sealed = self.seal(scope, wish, value)?;
        let write = (
            "UPDATE request_keys SET response = $2 \
             WHERE tenant_id = $1 AND principal = $3 AND route = $4 AND key = $5",
            vec![
                sealed.into(),
                wish.principal.clone().into(),
                wish.route.clone().into(),
                wish.key.clone().into(),
            ],
        );
        self.write_one(scope, "idempotency.amend", write)
            .await
            .map(|_| ())
    }

    fn seal<T: Serialize>(
        &self,
        scope: &Scope,
        wish: &Idempotency,
        value: &T,
    ) -> Result<Vec<u8>, Fault> {
        let plain =
            serde_json::to_vec(value).map_err(|error| permanent("write a stored answer", error))?;
        Ok(self.sealer().seal(&context(scope, wish), &plain))
    }

    fn replay<T: DeserializeOwned>(
        &self,
        scope: &Scope,
        wish: &Idempotency,
        found: Found,
    ) -> Result<Option<T>, OnceError> {
        let (Some(fingerprint), Some(response)) = (found.fingerprint, found.response) else {
            return if found.locked {
                Ok(None)
            } else {
                Err(IdempotencyConflict::InProgress.into())
            };
        };
        if fingerprint != wish.fingerprint {
            return Err(IdempotencyConflict::KeyReused.into());
        }
        let plain = self
            .sealer()
            .open(&context(scope, wish), &response)
            .map_err(|error| permanent("open a stored answer", error))?;
        let value = serde_json::from_slice(&plain)
            .map_err(|error| permanent("read a stored answer", error))?;
        wish.mark_replayed();
        Ok(Some(value))
    }
}

impl Transaction {
    /// Deletes what a principal's repeated requests would be answered with,
    /// because the answers may say who they are.
    pub async fn forget_answers_of(&self, principal: &str) -> Result<(), Fault> {
        self.run(
            "DELETE FROM request_keys WHERE tenant_id = $1 AND principal = $2",
            [principal.into()],
        )
        .await
        .map(|_| ())
    }
}

impl OnceTransaction {
    /// Stores the value and commits. When the same request was answered by
    /// somebody else in the meantime, nothing is kept of this one and the
    /// value of the other is returned.
    pub async fn commit_with<T: Serialize + DeserializeOwned>(
        self,
        value: T,
    ) -> Result<T, OnceError> {
        let scope = self.transaction.scope().clone();
        let Some(wish) = &scope.request().idempotency else {
            self.transaction.commit().await?;
            return Ok(value);
        };
        match self.store(&scope, wish, &value).await {
            Ok(()) => {
                self.transaction.commit().await?;
                Ok(value)
            }
            Err(fault) if fault.violates(UNIQUE) => {
                let Self {
                    transaction,
                    database,
                    ..
                } = self;
                transaction.rollback().await?;
                let again = database.begin_write(&scope, "idempotency.replay").await?;
                let found = look_up(&again, wish).await?;
                database
                    .replay(&scope, wish, found)?
                    .ok_or_else(|| IdempotencyConflict::InProgress.into())
            }
            Err(fault) => Err(fault.into()),
        }
    }

    async fn store<T: Serialize>(
        &self,
        scope: &Scope,
        wish: &Idempotency,
        value: &T,
    ) -> Result<(), Fault> {
        let sealed = self.database.seal(scope, wish, value)?;
        self.transaction
            .run(
                "INSERT INTO request_keys (tenant_id, id, principal, route, key, fingerprint, response, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    RequestKeyId::new(self.now).uuid().into(),
                    wish.principal.clone().into(),
                    wish.route.clone().into(),
                    wish.key.clone().into(),
                    wish.fingerprint.to_vec().into(),
                    sealed.into(),
                    self.now.micros().into(),
                ],
            )
            .await
            .map(|_| ())
    }
}

impl Deref for OnceTransaction {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        &self.transaction
    }
}

const UNIQUE: &str = "request_keys(principal,route,key)";

async fn look_up(tx: &Transaction, wish: &Idempotency) -> Result<Found, Fault> {
    let principal = wish.principal.clone().into();
    let (route, key) = (wish.route.clone().into(), wish.key.clone().into());
    let found = match tx.backend() {
        Backend::Postgres => {
            tx.one(
                "SELECT pg_try_advisory_xact_lock($5) AS locked, r.fingerprint, r.response \
                 FROM (SELECT 1) AS here LEFT JOIN request_keys r \
                 ON r.tenant_id = $1 AND r.principal = $2 AND r.route = $3 AND r.key = $4",
                [principal, route, key, lock_number(tx.scope(), wish).into()],
            )
            .await?
        }
        Backend::Sqlite => {
            tx.one(
                "SELECT true AS locked, r.fingerprint, r.response \
                 FROM (SELECT 1) AS here LEFT JOIN request_keys r \
                 ON r.tenant_id = $1 AND r.principal = $2 AND r.route = $3 AND r.key = $4",
                [principal, route, key],
            )
            .await?
        }
    };
    found.ok_or_else(|| Fault::permanent("a join with one row on the left gave none"))
}

/// What the stored value is sealed for and the lock is taken on.
fn context(scope: &Scope, wish: &Idempotency) -> Vec<u8> {
    [
        &scope.tenant().to_string(),
        &wish.principal,
        &wish.route,
        &wish.key,
    ]
    .into_iter()
    .flat_map(|part| [part.as_bytes(), b"\0"])
    .flatten()
    .copied()
    .collect()
}

fn lock_number(scope: &Scope, wish: &Idempotency) -> i64 {
    let hash = sha256(&context(scope, wish));
    let mut number = [0u8; 8];
    number.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(number)
}
