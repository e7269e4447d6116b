//! Visitors: noted in memory, written down now and then.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engagement_model::EngagementError;
use engagement_model::day::day_of;
use engagement_model::visit::{Seen, Stage, Visitor};
use engagement_repository::{reminders, visitors};
use jiff::civil::Date;
use kernel::{Scope, TenantId, random};

use crate::Engagement;
use crate::abandoned::PAUSE;

/// Visitors that are kept in memory at most; more are not counted.
const MAX_HELD: usize = 50_000;
/// How long after its end a day is still counted: visitors of its last moments
/// may not have been written down yet, on any node.
const LATE: Duration = Duration::from_mins(10);

/// Who was seen since it was last written down.
#[derive(Default)]
pub(crate) struct Visits(Mutex<HashMap<(TenantId, Visitor), Seen>>);

impl Visits {
    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, Visitor), Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, tenant: TenantId, visitor: Visitor, seen: Seen) {
        let mut held = self.lock();
        if let Some(known) = held.get_mut(&(tenant, visitor)) {
            known.stage = known.stage.and(seen.stage);
        } else if held.len() < MAX_HELD {
            held.insert((tenant, visitor), seen);
        } else {
            metrics::counter!("sutler_visitors_dropped_total").increment(1);
        }
    }
}

/// Hashes of a day, and how far each came.
type OfDay = Vec<(Visitor, Stage)>;

impl Engagement {
    /// Notes that somebody who is no member of the staff saw something. It
    /// touches memory only.
    pub fn saw(&self, scope: &Scope, stage: Stage) {
        let request = scope.request();
        let staff = scope.permissions().iter().next().is_some();
        if staff {
            return;
        }
        if let Some(visitor) = Visitor::new(request.address, request.user_agent.as_deref()) {
            let at = self.now();
            self.visits
                .note(scope.tenant(), visitor, Seen { stage, at });
        }
    }

    /// Writes down who was seen. What cannot be written now is kept for the
    /// next time.
    pub async fn write_visits(&self) -> Result<(), EngagementError> {
        let held = std::mem::take(&mut *self.visits.lock());
        let mut tenants: BTreeMap<TenantId, Vec<(Visitor, Seen)>> = BTreeMap::new();
        for ((tenant, visitor), seen) in held {
            tenants.entry(tenant).or_default().push((visitor, seen));
        }
        let mut result = Ok(());
        for (tenant, seen) in tenants {
            if let Err(error) = self.write_visits_of(tenant, &seen).await {
                for (visitor, seen) in seen {
                    self.visits.note(tenant, visitor, seen);
                }
                result = Err(error);
            }
        }
        result
    }

    async fn write_visits_of(
        &self,
        tenant: TenantId,
        seen: &[(Visitor, Seen)],
    ) -> Result<(), EngagementError> {
        let scope = self.accounts.system_scope(tenant, "visits");
        let settings = &self.accounts.tenant(&scope).await?.settings;
        let mut days: BTreeMap<Date, OfDay> = BTreeMap::new();
        for (visitor, seen) in seen {
            let day = day_of(seen.at, &settings.time_zone);
            days.entry(day).or_default().push((*visitor, seen.stage));
        }
        let tx = self.database.begin_write(&scope, "visits.write").await?;
        for (day, seen) in days {
            let salt = visitors::salt(&tx, day, &random::bytes::<32>()).await?;
            let mut hashes: Vec<(Vec<u8>, u8)> = seen
                .iter()
                .map(|(visitor, stage)| (visitor.hash(&salt), stage.bits()))
                .collect();
            // Nodes that write at once meet in one order.
            hashes.sort_unstable();
            hashes.dedup_by(|a, b| a.0 == b.0);
            visitors::note(&tx, day, &hashes).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Counts the visitors of each day, and forgets them when it is over, and
    /// whom was reminded long enough ago; called by its job.
    pub async fn count_visitors(&self, scope: &Scope) -> Result<(), EngagementError> {
        let tenant = self.accounts.tenant(scope).await?;
        let today = day_of(self.now().minus(LATE), &tenant.settings.time_zone);
        let tx = self.database.begin_write(scope, "visits.count").await?;
        visitors::count(&tx).await?;
        visitors::forget(&tx, today).await?;
        reminders::forget_turns(&tx, self.now().minus(PAUSE)).await?;
        tx.commit().await?;
        Ok(())
    }
}
