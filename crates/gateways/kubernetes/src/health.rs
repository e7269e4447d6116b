//! How a cluster is, and how much it can hold.

use clusters_model::cluster::Report;
use clusters_model::ports::{Target, Trouble};
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;

use crate::{Kubernetes, monitor};

/// How many nodes are read at a time, and how often.
const NODES: u32 = 500;
const PARTS: usize = 20;

impl Kubernetes {
    pub(crate) async fn health(&self, target: &Target) -> Result<Report, Trouble> {
        let client = self.client_at_once(target)?;
        let version = self.answer(target, client.apiserver_version()).await?;
        let mut report = Report {
            version: version.git_version,
            nodes: 0,
            cpu_milli: 0,
            memory_bytes: 0,
        };
        let nodes: Api<Node> = Api::all(client);
        let mut at = ListParams::default().limit(NODES);
        for _ in 0..PARTS {
            let list = self.answer(target, nodes.list(&at)).await?;
            for node in &list.items {
                let seen = monitor::node(node);
                if seen.ready && seen.schedulable {
                    let free = seen.allocatable;
                    report.nodes += 1;
                    report.cpu_milli = report.cpu_milli.saturating_add(free.cpu_milli);
                    report.memory_bytes = report.memory_bytes.saturating_add(free.memory_bytes);
                }
            }
            match list.metadata.continue_.filter(|next| !next.is_empty()) {
                Some(next) => at = at.continue_token(&next),
                None => break,
            }
        }
        Ok(report)
    }
}
