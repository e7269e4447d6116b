//! Hosted services of the demonstration, with their plans.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use catalog_model::hosting::category::{NewServiceCategory, ServiceCategory};
use catalog_model::hosting::plan::{Interval, IntervalUnit, NewPlan, Tier};
use catalog_model::hosting::service::{NewService, ServiceStatus};
use catalog_model::hosting::template::{
    HealthCheck, Ingress, Port, Protocol, Resources, ServiceTemplate, Variable, VariableValue,
    Volume,
};
use catalog_service::ServiceFilter;
use kernel::page::MAX_LIMIT;
use kernel::{Currency, Money, PageRequest, Scope, ServiceCategoryId, ServiceId};

use crate::Sutler;

/// What is hosted.
struct Hosted {
    group: &'static str,
    name: &'static str,
    /// What it does.
    description: &'static str,
    image: &'static str,
    port: (&'static str, i64),
    /// Where it is asked whether it works; it has no page when there is none.
    path: Option<&'static str>,
    /// Where it keeps its data.
    data: &'static str,
    /// The variable that tells it a secret.
    secret: Option<&'static str>,
}

const SERVICES: [Hosted; 3] = [
    Hosted {
        group: "Automation",
        name: "n8n",
        description: "Workflows that join hundreds of services.",
        image: "docker.io/n8nio/n8n:1.80.0",
        port: ("http", 5678),
        path: Some("/healthz"),
        data: "/home/node/.n8n",
        secret: Some("N8N_ENCRYPTION_KEY"),
    },
    Hosted {
        group: "Publishing",
        name: "Ghost",
        description: "A publication with members and newsletters.",
        image: "docker.io/library/ghost:5.110.0",
        port: ("http", 2368),
        path: Some("/ghost/api/admin/site/"),
        data: "/var/lib/ghost/content",
        secret: None,
    },
    Hosted {
        group: "Databases",
        name: "PostgreSQL",
        description: "A relational database.",
        image: "docker.io/library/postgres:17.4",
        port: ("postgresql", 5432),
        path: None,
        data: "/var/lib/postgresql/data",
        secret: Some("POSTGRES_PASSWORD"),
    },
];

/// A plan.
struct Offer {
    tier: Tier,
    name: &'static str,
    /// What a month costs, in minor units.
    price: i64,
    /// Days for nothing.
    trial: i64,
    /// How many there are.
    units: i64,
    /// In thousandths.
    cpu: i64,
    /// In MiB.
    memory: i64,
}

const PLANS: [Offer; 3] = [
    Offer {
        tier: Tier::Free,
        name: "Free",
        price: 0,
        trial: 0,
        units: 100,
        cpu: 250,
        memory: 256,
    },
    Offer {
        tier: Tier::Basic,
        name: "Starter",
        price: 900,
        trial: 14,
        units: 50,
        cpu: 500,
        memory: 512,
    },
    Offer {
        tier: Tier::Pro,
        name: "Team",
        price: 2900,
        trial: 0,
        units: 20,
        cpu: 2000,
        memory: 2048,
    },
];

/// Adds those that are missing.
pub(super) async fn add(sutler: &Sutler, scope: &Scope, currency: Currency) -> Result<()> {
    let groups = sutler.catalog.all_service_categories(scope).await?;
    let first = PageRequest::first(MAX_LIMIT);
    let services = sutler
        .catalog
        .all_services(scope, &ServiceFilter::default(), first)
        .await?
        .items;
    for (position, hosted) in (0..).zip(SERVICES) {
        let slug = slug(hosted.name);
        let service = if let Some(service) = services.iter().find(|one| one.slug == slug) {
            service.id
        } else {
            let group = group(sutler, scope, &groups, hosted.group, position).await?;
            let made = sutler
                .catalog
                .create_service(scope, service(&hosted, group))
                .await;
            made.context("add a service")?.id
        };
        add_plans(sutler, scope, service, currency).await?;
    }
    Ok(())
}

/// The group of that name, which is made if it is not there.
async fn group(
    sutler: &Sutler,
    scope: &Scope,
    known: &[ServiceCategory],
    name: &str,
    position: i64,
) -> Result<ServiceCategoryId> {
    let slug = slug(name);
    if let Some(group) = known.iter().find(|one| one.slug == slug) {
        return Ok(group.id);
    }
    let new = NewServiceCategory {
        slug: Some(slug),
        name: name.to_owned(),
        description: String::new(),
        position,
    };
    let made = sutler.catalog.create_service_category(scope, new).await;
    Ok(made.context("add a group of services")?.id)
}

/// Adds the plans that a service is missing.
async fn add_plans(
    sutler: &Sutler,
    scope: &Scope,
    service: ServiceId,
    currency: Currency,
) -> Result<()> {
    let known = sutler.catalog.plans(scope, service).await?;
    for offer in PLANS {
        let new = plan(&offer, currency);
        if known.iter().any(|one| Some(&one.slug) == new.slug.as_ref()) {
            continue;
        }
        sutler
            .quotas
            .create_plan(scope, service, new, Some(offer.units))
            .await
            .context("add a plan")?;
    }
    Ok(())
}

/// What tells one of them from others when it was added before.
fn slug(name: &str) -> String {
    name.to_lowercase()
}

fn service(hosted: &Hosted, group: ServiceCategoryId) -> NewService {
    let slug = slug(hosted.name);
    let (port, number) = hosted.port;
    NewService {
        category: Some(group),
        slug: Some(slug.clone()),
        name: hosted.name.to_owned(),
        description: hosted.description.to_owned(),
        status: ServiceStatus::Active,
        template: ServiceTemplate {
            image: hosted.image.to_owned(),
            ports: vec![Port {
                name: port.to_owned(),
                number,
                protocol: Protocol::Tcp,
            }],
            environment: environment(hosted.secret),
            resources: resources(250, 256),
            volumes: vec![Volume {
                name: "data".to_owned(),
                mount_path: hosted.data.to_owned(),
                size: "5Gi".to_owned(),
                storage_class: None,
            }],
            health_check: Some(HealthCheck {
                port: port.to_owned(),
                path: hosted.path.map(str::to_owned),
                initial_delay_seconds: 10,
                period_seconds: 10,
                timeout_seconds: 3,
                failure_threshold: 6,
            }),
            ingress: hosted.path.map(|_| Ingress {
                host: format!("{{instance}}.{slug}.example.com"),
                port: port.to_owned(),
            }),
        },
    }
}

fn environment(secret: Option<&str>) -> Vec<Variable> {
    let zone = VariableValue::Plain("Europe/Berlin".to_owned());
    let secret = secret.map(|name| {
        let value = VariableValue::Secret {
            secret: "access".to_owned(),
            key: name.to_owned(),
        };
        (name, value)
    });
    [("TZ", zone)]
        .into_iter()
        .chain(secret)
        .map(|(name, value)| Variable {
            name: name.to_owned(),
            value,
        })
        .collect()
}

fn plan(offer: &Offer, currency: Currency) -> NewPlan {
    NewPlan {
        slug: Some(slug(offer.name)),
        name: offer.name.to_owned(),
        tier: offer.tier,
        price: Money::new(offer.price, currency),
        interval: Interval {
            unit: IntervalUnit::Month,
            count: 1,
        },
        trial_days: offer.trial,
        features: vec![format!("{} MiB of memory", offer.memory)],
        limits: BTreeMap::new(),
        resources: Some(resources(offer.cpu, offer.memory)),
    }
}

/// So many thousandths of a CPU and MiB of memory at most.
fn resources(cpu: i64, memory: i64) -> Resources {
    Resources {
        cpu_request: format!("{}m", cpu / 5),
        cpu_limit: format!("{cpu}m"),
        memory_request: format!("{}Mi", memory / 2),
        memory_limit: format!("{memory}Mi"),
    }
}
