//! What runs for a subscription, as it was when it was asked for: the catalog's
//! template, in the words of those who run it.

use catalog_model::hosting::plan::Plan;
use catalog_model::hosting::quantity::{Quantity, QuantityError};
use catalog_model::hosting::service::Service;
use catalog_model::hosting::template as catalog;
use clusters_model::template::{
    HealthCheck, Ingress, PlanLimits, Port, Protocol, Resources, Template, Value, Variable, Volume,
};

/// The limit of a plan that says how large the volumes of an instance are
/// together, in bytes.
pub const STORAGE: &str = "storage_bytes";

/// Why a template is none. The catalog takes no such one.
#[derive(Debug, thiserror::Error)]
pub enum NotRunnable {
    /// An amount is none.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// A number is too large.
    #[error("a number of the template is too large")]
    Number(#[from] std::num::TryFromIntError),
}

/// What runs for who subscribes to a service.
///
/// # Errors
/// [`NotRunnable`] for what the catalog would have refused.
pub fn template(service: &Service) -> Result<Template, NotRunnable> {
    let from = &service.template;
    Ok(Template {
        image: from.image.clone(),
        ports: from.ports.iter().map(port).collect::<Result<_, _>>()?,
        variables: from.environment.iter().map(variable).collect(),
        resources: resources(&from.resources)?,
        volumes: from.volumes.iter().map(volume).collect::<Result<_, _>>()?,
        health_check: from.health_check.as_ref().map(health_check).transpose()?,
        ingress: from.ingress.as_ref().map(|one| Ingress {
            host: one.host.clone(),
            port: one.port.clone(),
        }),
    })
}

/// What a plan lets it use: what the plan says, else what the template does.
///
/// # Errors
/// [`NotRunnable`] for what the catalog would have refused.
pub fn limits(plan: &Plan, service: &Service) -> Result<PlanLimits, NotRunnable> {
    let from = plan.resources.as_ref();
    Ok(PlanLimits {
        resources: resources(from.unwrap_or(&service.template.resources))?,
        storage_bytes: plan.limits.get(STORAGE).copied(),
    })
}

fn resources(from: &catalog::Resources) -> Result<Resources, QuantityError> {
    let cpu = |text: &str| text.parse().map(Quantity::thousandths);
    let memory = |text: &str| text.parse().map(Quantity::whole);
    Ok(Resources {
        cpu_request_milli: cpu(&from.cpu_request)?,
        cpu_limit_milli: cpu(&from.cpu_limit)?,
        memory_request_bytes: memory(&from.memory_request)?,
        memory_limit_bytes: memory(&from.memory_limit)?,
    })
}

fn port(from: &catalog::Port) -> Result<Port, NotRunnable> {
    Ok(Port {
        name: from.name.clone(),
        number: from.number.try_into()?,
        protocol: match from.protocol {
            catalog::Protocol::Tcp => Protocol::Tcp,
            catalog::Protocol::Udp => Protocol::Udp,
            catalog::Protocol::Sctp => Protocol::Sctp,
        },
    })
}

fn variable(from: &catalog::Variable) -> Variable {
    Variable {
        name: from.name.clone(),
        value: match &from.value {
            catalog::VariableValue::Plain(text) => Value::Plain(text.clone()),
            // No name of a secret has `_`: two that differ stay different.
            catalog::VariableValue::Secret { secret, key } => {
                Value::Secret(format!("{secret}_{key}"))
            }
        },
    }
}

fn volume(from: &catalog::Volume) -> Result<Volume, QuantityError> {
    Ok(Volume {
        name: from.name.clone(),
        mount_path: from.mount_path.clone(),
        bytes: from.size.parse().map(Quantity::whole)?,
        storage_class: from.storage_class.clone(),
    })
}

fn health_check(from: &catalog::HealthCheck) -> Result<HealthCheck, NotRunnable> {
    Ok(HealthCheck {
        port: from.port.clone(),
        path: from.path.clone(),
        initial_delay_seconds: from.initial_delay_seconds.try_into()?,
        period_seconds: from.period_seconds.try_into()?,
        timeout_seconds: from.timeout_seconds.try_into()?,
        failure_threshold: from.failure_threshold.try_into()?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use catalog_model::category::CategoryStatus;
    use catalog_model::hosting::plan::{Interval, IntervalUnit, Tier};
    use catalog_model::hosting::service::ServiceStatus;
    use kernel::{Currency, Money, PlanId, ServiceId, Timestamp};

    use super::*;

    fn service() -> Service {
        let now = Timestamp::from_seconds(0);
        let secret = |name: &str, secret: &str, key: &str| catalog::Variable {
            name: name.to_owned(),
            value: catalog::VariableValue::Secret {
                secret: secret.to_owned(),
                key: key.to_owned(),
            },
        };
        Service {
            id: ServiceId::new(now),
            category: None,
            slug: "n8n".to_owned(),
            name: "n8n".to_owned(),
            description: String::new(),
            status: ServiceStatus::Active,
            template: catalog::ServiceTemplate {
                image: "n8nio/n8n:1".to_owned(),
                ports: vec![catalog::Port {
                    name: "dns".to_owned(),
                    number: 53,
                    protocol: catalog::Protocol::Udp,
                }],
                environment: vec![
                    secret("ONE", "n8n", "a_b"),
                    secret("SAME", "n8n", "a_b"),
                    secret("OTHER", "n8n-a", "b"),
                ],
                resources: catalog::Resources {
                    cpu_request: "250m".to_owned(),
                    cpu_limit: "1.5".to_owned(),
                    memory_request: "256Mi".to_owned(),
                    memory_limit: "1Gi".to_owned(),
                },
                volumes: vec![catalog::Volume {
                    name: "data".to_owned(),
                    mount_path: "/data".to_owned(),
                    size: "5Gi".to_owned(),
                    storage_class: None,
                }],
                health_check: None,
                ingress: None,
            },
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    fn plan(resources: Option<catalog::Resources>) -> Plan {
        let now = Timestamp::from_seconds(0);
        Plan {
            id: PlanId::new(now),
            service: ServiceId::new(now),
            slug: "pro".to_owned(),
            name: "Pro".to_owned(),
            tier: Tier::Pro,
            price: Money::new(1, Currency::EUR),
            interval: Interval {
                unit: IntervalUnit::Month,
                count: 1,
            },
            trial_days: 0,
            features: Vec::new(),
            limits: BTreeMap::from([(STORAGE.to_owned(), 20 << 30)]),
            resources,
            status: CategoryStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn a_template_is_what_the_catalog_says() {
        let made = template(&service()).unwrap();
        made.check().unwrap();
        assert_eq!(made.resources.cpu_request_milli, 250);
        assert_eq!(made.resources.cpu_limit_milli, 1_500);
        assert_eq!(made.resources.memory_limit_bytes, 1 << 30);
        assert_eq!(made.volumes[0].bytes, 5 << 30);
        assert_eq!(made.ports[0].protocol, Protocol::Udp);
        let secrets: Vec<&str> = made.secrets().into_iter().collect();
        assert_eq!(secrets, ["n8n-a_b", "n8n_a_b"]);
    }

    #[test]
    fn a_plan_says_what_it_may_use() {
        let service = service();
        let same = limits(&plan(None), &service).unwrap();
        assert_eq!(same.resources, template(&service).unwrap().resources);
        assert_eq!(same.storage_bytes, Some(20 << 30));
        let more = catalog::Resources {
            cpu_limit: "4".to_owned(),
            ..service.template.resources.clone()
        };
        let more = limits(&plan(Some(more)), &service).unwrap();
        assert_eq!(more.resources.cpu_limit_milli, 4_000);
        let within = template(&service).unwrap().within(&more);
        assert_eq!(within.storage_bytes(), 20 << 30);
    }
}
