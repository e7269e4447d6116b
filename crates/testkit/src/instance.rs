//! Instances of services, asked for as subscriptions do.

use clusters_model::instance::{Instance, NewInstance};
use clusters_model::template::{
    HealthCheck, Ingress, PlanLimits, Port, Protocol, Resources, Template, Value, Variable, Volume,
};

use crate::app::App;
use crate::shop::{Person, Tenant};

/// A service with a port, a secret, a volume, a health check and a host.
pub fn template() -> Template {
    let variable = |name: &str, value: Value| Variable {
        name: name.to_owned(),
        value,
    };
    Template {
        image: "docker.io/n8nio/n8n:1".to_owned(),
        ports: vec![Port {
            name: "http".to_owned(),
            number: 5678,
            protocol: Protocol::Tcp,
        }],
        variables: vec![
            variable("N8N_PORT", Value::Plain("5678".to_owned())),
            variable("N8N_ENCRYPTION_KEY", Value::Secret("key".to_owned())),
        ],
        resources: Resources {
            cpu_request_milli: 500,
            cpu_limit_milli: 1_000,
            memory_request_bytes: 512 << 20,
            memory_limit_bytes: 1 << 30,
        },
        volumes: vec![Volume {
            name: "data".to_owned(),
            mount_path: "/home/node/.n8n".to_owned(),
            bytes: 1 << 30,
            storage_class: None,
        }],
        health_check: Some(HealthCheck {
            port: "http".to_owned(),
            path: Some("/healthz".to_owned()),
            initial_delay_seconds: 10,
            period_seconds: 10,
            timeout_seconds: 5,
            failure_threshold: 3,
        }),
        ingress: Some(Ingress {
            host: "{instance}.n8n.example.com".to_owned(),
            port: "http".to_owned(),
        }),
    }
}

impl App {
    /// Asks for an instance, as a subscription does.
    pub async fn instance(&self, tenant: &Tenant, owner: &Person, subscription: &str) -> Instance {
        self.instance_of(tenant, owner, subscription, template())
            .await
    }

    /// Asks for an instance of a template.
    pub async fn instance_of(
        &self,
        tenant: &Tenant,
        owner: &Person,
        subscription: &str,
        template: Template,
    ) -> Instance {
        let tx = self.begin_in(tenant).await;
        let new = NewInstance {
            subscription: subscription.to_owned(),
            owner: owner.id.parse().expect("the id of a user"),
            name: "n8n".to_owned(),
            limits: PlanLimits {
                resources: template.resources,
                storage_bytes: None,
            },
            template,
        };
        let asked = self.sutler.clusters.request_in_tx(&tx, new).await;
        let asked = asked.expect("an instance");
        tx.commit().await.expect("a commit");
        asked
    }
}
