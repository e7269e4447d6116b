//! Work that is due again and again.

use std::collections::HashMap;
use std::time::Duration;

use database::SystemTransaction;
use kernel::{Fault, Job, TenantId, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::registry::NewJob;
use crate::store::{self, Addition};

/// A job that every active tenant gets at fixed intervals.
pub struct Schedule {
    /// The name of the row; the kind of the job.
    name: &'static str,
    every: Duration,
    job: Box<dyn Fn() -> Result<NewJob, Fault> + Send + Sync>,
}

impl Schedule {
    /// Enqueues a job for every active tenant, each time `every` has passed.
    /// A tenant whose last one still waits or runs gets no second one.
    pub fn new<J: Job + Clone>(every: Duration, job: J) -> Self {
        Self {
            name: J::KIND,
            every,
            job: Box::new(move || {
                Ok(NewJob {
                    kind: J::KIND,
                    payload: serde_json::to_value(job.clone())
                        .map_err(|error| Fault::permanent("write a payload").caused_by(error))?,
                    max_attempts: J::MAX_ATTEMPTS,
                })
            }),
        }
    }

    /// The name of the row.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

#[derive(FromQueryResult)]
struct Row {
    name: String,
    every_micros: i64,
    next_at: i64,
}

#[derive(FromQueryResult)]
struct TenantRow {
    id: Uuid,
}

/// Makes the rows agree with the code: new schedules are added and due at
/// once, changed intervals are taken over, unknown ones are deleted.
pub async fn install(
    tx: &SystemTransaction,
    schedules: &[Schedule],
    now: Timestamp,
) -> Result<(), Fault> {
    let rows: Vec<Row> = tx
        .all("SELECT name, every_micros, next_at FROM schedules", [])
        .await?;
    let mut known: HashMap<String, i64> = rows
        .into_iter()
        .map(|row| (row.name, row.every_micros))
        .collect();
    for schedule in schedules {
        let every = micros(schedule.every);
        if known.remove(schedule.name) != Some(every) {
            tx.run(
                "INSERT INTO schedules (name, every_micros, next_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (name) DO UPDATE SET every_micros = excluded.every_micros",
                [schedule.name.into(), every.into(), now.micros().into()],
            )
            .await?;
        }
    }
    for name in known.into_keys() {
        tx.run("DELETE FROM schedules WHERE name = $1", [name.into()])
            .await?;
    }
    Ok(())
}

/// Enqueues what is due. Each schedule is claimed by a conditional update, so
/// of any number of workers one gets it. Time in which nobody worked is not
/// made up for. Returns how many jobs were added.
pub(crate) async fn tick(
    tx: &SystemTransaction,
    schedules: &[Schedule],
    now: Timestamp,
) -> Result<u64, Fault> {
    let due: Vec<Row> = tx
        .all(
            "SELECT name, every_micros, next_at FROM schedules WHERE next_at <= $1",
            [now.micros().into()],
        )
        .await?;
    let mut added = 0;
    for row in due {
        let Some(schedule) = schedules.iter().find(|schedule| schedule.name == row.name) else {
            continue;
        };
        let claimed = tx
            .run(
                "UPDATE schedules SET next_at = $1, last_at = $2 WHERE name = $3 AND next_at = $4",
                [
                    now.plus(schedule.every).micros().into(),
                    now.micros().into(),
                    row.name.clone().into(),
                    row.next_at.into(),
                ],
            )
            .await?;
        if claimed == 1 {
            added += enqueue_for_all(tx, schedule, now).await?;
        }
    }
    Ok(added)
}

async fn enqueue_for_all(
    tx: &SystemTransaction,
    schedule: &Schedule,
    now: Timestamp,
) -> Result<u64, Fault> {
    let tenants: Vec<TenantRow> = tx
        .all("SELECT id FROM tenants WHERE status = 'active'", [])
        .await?;
    let additions = tenants
        .into_iter()
        .map(|tenant| {
            Ok(Addition {
                tenant: TenantId::from_uuid(tenant.id),
                job: (schedule.job)()?,
                single: Some("schedule".to_owned()),
                request_id: format!("schedule-{}-{}", schedule.name, now.seconds()),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    store::add(tx, additions, now).await
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
