//! What is promised of the capacity of clusters.

use database::Transaction;
use kernel::{ClusterId, Fault, InstanceId};

/// Promises room for an instance, if there still is that much and the cluster
/// takes instances.
pub async fn reserve(
    tx: &Transaction,
    cluster: ClusterId,
    cpu_milli: i64,
    memory_bytes: i64,
) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE clusters SET instances = instances + 1, reserved_cpu_milli = reserved_cpu_milli + $2, \
             reserved_memory_bytes = reserved_memory_bytes + $3 \
             WHERE tenant_id = $1 AND id = $4 AND accepts_instances AND reachable \
             AND reserved_cpu_milli + $2 <= cpu_milli AND reserved_memory_bytes + $3 <= memory_bytes",
            [cpu_milli.into(), memory_bytes.into(), cluster.uuid().into()],
        )
        .await?;
    Ok(touched == 1)
}

/// Gives an instance its place, if it has none and is not to go.
pub async fn assign(
    tx: &Transaction,
    instance: InstanceId,
    cluster: ClusterId,
    (cpu_milli, memory_bytes): (i64, i64),
) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE service_instances SET cluster_id = $2, reserved_cpu_milli = $3, reserved_memory_bytes = $4 \
             WHERE tenant_id = $1 AND id = $5 AND cluster_id IS NULL AND status NOT IN ('terminating', 'terminated')",
            [
                cluster.uuid().into(),
                cpu_milli.into(),
                memory_bytes.into(),
                instance.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Takes back what a cluster promised to an instance; its row says how much.
pub async fn release(
    tx: &Transaction,
    instance: InstanceId,
    cluster: ClusterId,
) -> Result<(), Fault> {
    tx.run(
        "UPDATE clusters SET instances = instances - 1, \
         reserved_cpu_milli = reserved_cpu_milli - (SELECT i.reserved_cpu_milli FROM service_instances i \
           WHERE i.tenant_id = $1 AND i.id = $2), \
         reserved_memory_bytes = reserved_memory_bytes - (SELECT i.reserved_memory_bytes FROM service_instances i \
           WHERE i.tenant_id = $1 AND i.id = $2) \
         WHERE tenant_id = $1 AND id = $3",
        [instance.uuid().into(), cluster.uuid().into()],
    )
    .await
    .map(|_| ())
}

/// Promises an instance that has a place so much, be it more than there is:
/// it is paid for already, and administrators see that the cluster is full.
pub async fn resize(
    tx: &Transaction,
    instance: InstanceId,
    (cpu_milli, memory_bytes): (i64, i64),
) -> Result<(), Fault> {
    tx.run(
        "UPDATE clusters SET \
         reserved_cpu_milli = reserved_cpu_milli + $3 - (SELECT i.reserved_cpu_milli FROM service_instances i \
           WHERE i.tenant_id = $1 AND i.id = $2), \
         reserved_memory_bytes = reserved_memory_bytes + $4 - (SELECT i.reserved_memory_bytes FROM service_instances i \
           WHERE i.tenant_id = $1 AND i.id = $2) \
         WHERE tenant_id = $1 AND id = (SELECT i.cluster_id FROM service_instances i WHERE i.tenant_id = $1 AND i.id = $2)",
        [instance.uuid().into(), cpu_milli.into(), memory_bytes.into()],
    )
    .await?;
    tx.run(
        "UPDATE service_instances SET reserved_cpu_milli = $3, reserved_memory_bytes = $4 \
         WHERE tenant_id = $1 AND id = $2 AND cluster_id IS NOT NULL",
        [
            instance.uuid().into(),
            cpu_milli.into(),
            memory_bytes.into(),
        ],
    )
    .await
    .map(|_| ())
}
