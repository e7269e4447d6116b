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

/// What is hosted: its group, name, what it does, image, port, the path that
/// is asked whether it works, where it keeps its data, and the variable that
/// tells it a secret.
type Hosted = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    (&'static str, i64),
    Option<&'static str>,
    &'static str,
    Option<&'static str>,
);

const SERVICES: [Hosted; 3] = [
    (
        "Automation",
        "n8n",
        "Workflows that join hundreds of services.",
        "docker.io/n8nio/n8n:1.80.0",
        ("http", 5678),
        Some("/healthz"),
        "/home/node/.n8n",
        Some("N8N_ENCRYPTION_KEY"),
    ),
    (
        "Publishing",
        "Ghost",
        "A publication with members and newsletters.",
        "docker.io/library/ghost:5.110.0",
        ("http", 2368),
        Some("/ghost/api/admin/site/"),
        "/var/lib/ghost/content",
        None,
    ),
    (
        "Databases",
        "PostgreSQL",
        "A relational database.",
        "docker.io/library/postgres:17.4",
        ("postgresql", 5432),
        None,
        "/var/lib/postgresql/data",
        Some("POSTGRES_PASSWORD"),
    ),
];

/// A plan: tier, name, price of a month, days for nothing, units there are,
/// CPU in thousandths, memory in MiB.
type Offer = (Tier, &'static str, i64, i64, Option<i64>, i64, i64);

const PLANS: [Offer; 3] = [
    (Tier::Free, "Free", 0, 0, Some(100), 250, 256),
    (Tier::Basic, "Starter", 900, 14, Some(50), 500, 512),
    (Tier::Pro, "Team", 2900, 0, Some(20), 2000, 2048),
];

/// Adds those that are missing.
pub(super) async fn add(sutler: &Sutler, scope: &Scope, currency: Currency) -> Result<()> {
    let groups = sutler.catalog.all_service_categories(scope).await?;
    let services = sutler.catalog.all_services(
        scope,
        &ServiceFilter::default(),
        PageRequest::first(MAX_LIMIT),
    );
    let services = services.await?.items;
    for (position, hosted) in (0..).zip(SERVICES) {
        let slug = slug(hosted.1);
        let service = match services.iter().find(|one| one.slug == slug) {
            Some(service) => service.id,
            None => {
                let group = group(sutler, scope, &groups, hosted.0, position).await?;
                let made = sutler
                    .catalog
                    .create_service(scope, service(&hosted, group))
                    .await;
                made.context("add a service")?.id
            }
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
            .create_plan(scope, service, new, offer.4)
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
    let &(_, name, description, image, (port, number), path, mount_path, secret) = hosted;
    let slug = slug(name);
    NewService {
        category: Some(group),
        slug: Some(slug.clone()),
        name: name.to_owned(),
        description: description.to_owned(),
        status: ServiceStatus::Active,
        template: ServiceTemplate {
            image: image.to_owned(),
            ports: vec![Port {
                name: port.to_owned(),
                number,
                protocol: Protocol::Tcp,
            }],
            environment: environment(secret),
            resources: resources(250, 256),
            volumes: vec![Volume {
                name: "data".to_owned(),
                mount_path: mount_path.to_owned(),
                size: "5Gi".to_owned(),
                storage_class: None,
            }],
            health_check: Some(HealthCheck {
                port: port.to_owned(),
                path: path.map(str::to_owned),
                initial_delay_seconds: 10,
                period_seconds: 10,
                timeout_seconds: 3,
                failure_threshold: 6,
            }),
            ingress: path.map(|_| Ingress {
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
    let &(tier, name, price, trial_days, _, cpu, memory) = offer;
    NewPlan {
        slug: Some(slug(name)),
        name: name.to_owned(),
        tier,
        price: Money::new(price, currency),
        interval: Interval {
            unit: IntervalUnit::Month,
            count: 1,
        },
        trial_days,
        features: vec![format!("{memory} MiB of memory")],
        limits: BTreeMap::new(),
        resources: Some(resources(cpu, memory)),
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
