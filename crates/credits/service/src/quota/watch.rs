//! Looking after quotas hour by hour.

use std::time::Duration;

use credits_model::quota::QuotaError;
use credits_model::quota::jobs::TellWaiting;
use credits_repository::quota::{quotas, samples, waiters};
use kernel::{Permission, QuotaId, Scope, Timestamp, last_of_full};

use super::Quotas;

/// For how long samples are kept.
const KEPT: Duration = Duration::from_hours(400 * 24);
/// How many quotas are looked at together.
const AT_ONCE: i64 = 200;

impl Quotas {
    /// Notes how much is given of each quota, mends what is cached where it is
    /// not what was given, and tells those who wait and whose turn it has
    /// become; called by its job. Again does no harm.
    pub async fn watch_quotas(&self, scope: &Scope) -> Result<(), QuotaError> {
        scope.require(Permission::CreditsWrite)?;
        self.mend_quotas(scope).await?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "quota.sample").await?;
        samples::take(&tx, hour_of(now)).await?;
        samples::forget_before(&tx, hour_of(now.minus(KEPT))).await?;
        let mut last = None;
        loop {
            let some = waiters::with_room(&tx, last, AT_ONCE).await?;
            for &quota in &some {
                self.queue.enqueue(&tx, &TellWaiting { quota }).await?;
            }
            last = match last_of_full(&some, AT_ONCE) {
                Some(&quota) => Some(quota),
                _ => break,
            };
        }
        tx.commit().await?;
        Ok(())
    }

    /// Mends what is cached of quotas where it is not what was given: which.
    /// There are none unless somebody wrote to the database by hand.
    pub async fn mend_quotas(&self, scope: &Scope) -> Result<Vec<QuotaId>, QuotaError> {
        let mut mended = Vec::new();
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let some = quotas::proofs(&db, last, AT_ONCE).await?;
            drop(db);
            for proof in some.iter().filter(|proof| !proof.holds()) {
                if self.mend(scope, proof.quota).await? {
                    mended.push(proof.quota);
                }
            }
            last = match last_of_full(&some, AT_ONCE) {
                Some(proof) => Some(proof.quota),
                _ => return Ok(mended),
            };
        }
    }

    async fn mend(&self, scope: &Scope, id: QuotaId) -> Result<bool, QuotaError> {
        let tx = self.database.begin_write(scope, "quota.mend").await?;
        let Some(before) = quotas::lock(&tx, id).await? else {
            return Ok(false);
        };
        // Under the lock, because much is given all the time.
        let proof = quotas::proof(&tx, id).await?;
        let Some(proof) = proof.filter(|proof| !proof.holds()) else {
            return Ok(false);
        };
        quotas::mend(&tx, &proof, self.now()).await?;
        if let Some(after) = quotas::find(&tx, id).await? {
            self.say(&tx, before.health(), &after).await?;
        }
        tx.commit().await?;
        let (used, allocated) = (proof.used, proof.allocated);
        tracing::error!(quota = %id, used, allocated, "a quota was not what was given; it is mended");
        Ok(true)
    }
}

/// The begin of an hour.
fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.seconds() - at.seconds().rem_euclid(3_600))
}
