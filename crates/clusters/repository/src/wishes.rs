//! What is wished of instances: one conditional statement each.

use clusters_model::template::Template;
use database::Transaction;
use database::column::to_json;
use kernel::{Fault, InstanceId, Timestamp};

/// What is wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wished {
    /// That it starts.
    Start,
    /// That it stops.
    Stop,
    /// That it starts anew.
    Restart,
    /// That it stops, and that its owner cannot start it.
    Suspend,
    /// That this is over.
    Resume,
    /// That nothing of it is left.
    Terminate,
}

impl Wished {
    /// What changes, and where it may.
    fn statement(self) -> (&'static str, &'static str) {
        match self {
            Self::Start => ("stopped = FALSE", "stopped AND NOT suspended"),
            Self::Stop => ("stopped = TRUE", "NOT stopped AND NOT suspended"),
            Self::Restart => (
                "restarts = restarts + 1",
                "NOT stopped AND NOT suspended AND status <> 'requested'",
            ),
            Self::Suspend => ("suspended = TRUE", "NOT suspended"),
            Self::Resume => ("suspended = FALSE", "suspended"),
            // Nobody needs its secrets any more.
            Self::Terminate => ("reason = NULL, credentials = NULL", "TRUE"),
        }
    }

    /// The state it is in from then on; a column of its own where it stays.
    fn status(self) -> &'static str {
        match self {
            Self::Restart => "'provisioning'",
            Self::Terminate => "'terminating'",
            _ => "status",
        }
    }
}

/// Writes a wish down, where it can be wished; whether it was.
pub async fn write(
    tx: &Transaction,
    id: InstanceId,
    wished: Wished,
    now: Timestamp,
) -> Result<bool, Fault> {
    let (set, condition) = wished.statement();
    let status = wished.status();
    let touched = tx
        .run(
            &format!(
                "UPDATE service_instances SET {set}, status = {status}, \
                 status_at = CASE WHEN status = {status} THEN status_at ELSE $2 END, \
                 wished_at = $2, updated_at = $2, next_at = $2, failures = 0, version = version + 1 \
                 WHERE tenant_id = $1 AND id = $3 AND status NOT IN ('terminating', 'terminated') AND {condition}"
            ),
            [now.micros().into(), id.uuid().into()],
        )
        .await?;
    Ok(touched == 1)
}

/// Lets an instance run something else, unless it is gone or going.
pub async fn change_template(
    tx: &Transaction,
    id: InstanceId,
    template: &Template,
    now: Timestamp,
) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE service_instances SET template = $2, wished_at = $3, updated_at = $3, next_at = $3, failures = 0, \
             version = version + 1 WHERE tenant_id = $1 AND id = $4 AND status NOT IN ('terminating', 'terminated')",
            [
                to_json(template).into(),
                now.micros().into(),
                id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}
