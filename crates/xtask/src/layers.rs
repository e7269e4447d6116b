//! `cargo xtask layers`: which crate may know which.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The domains. A service may call the services of domains before its own;
/// what has to flow the other way is an event.
pub(crate) const DOMAINS: &[&str] = &[
    "accounts",
    "catalog",
    "credits",
    "clusters",
    "usage",
    "subscriptions",
    "orders",
    "engagement",
];

/// Where a crate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer<'a> {
    Kernel,
    Config,
    /// The port of payment gateways, below all domains.
    Payments,
    Database,
    Queue,
    Model(&'a str),
    Repository(&'a str),
    Service(&'a str),
    Jobs(&'a str),
    Gateway(&'a str),
    Api,
    Server,
    Migration,
    /// Not part of the product: tests and chores.
    Tooling,
}

/// Crates from outside that only some layers may use, and the reason.
const RESERVED: &[(&str, &[&str], &str)] = &[
    (
        "sqlx",
        &["database"],
        "only the database crate opens connections",
    ),
    (
        "sea-orm",
        &["database", "queue", "repository", "gateway-test"],
        "queries live in repositories",
    ),
    (
        "sea-orm-migration",
        &["migration", "server"],
        "tables live in migrations",
    ),
    ("actix-web", &["api", "server"], "HTTP lives in controllers"),
    ("utoipa", &["api"], "the contract lives in controllers"),
    (
        "async-stripe",
        &["gateway-stripe"],
        "it is the costliest crate to build",
    ),
    (
        "reqwest",
        &["gateway-"],
        "outside systems are called by gateways",
    ),
];

/// Fails with every forbidden dependency.
pub(crate) fn check(root: &Path) -> Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("read the workspace")?;
    let wrong = violations(&metadata)?;
    if !wrong.is_empty() {
        bail!("forbidden dependencies:\n  {}", wrong.join("\n  "));
    }
    Ok(())
}

fn violations(metadata: &Metadata) -> Result<Vec<String>> {
    let packages = metadata.workspace_packages();
    let root = metadata.workspace_root.as_str();
    let paths: BTreeMap<&str, &str> = packages
        .iter()
        .map(|package| (package.name.as_str(), folder(package, root)))
        .collect();
    let mut wrong = Vec::new();
    for package in &packages {
        let layer = layer(folder(package, root))?;
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let development = dependency.kind == DependencyKind::Development;
            let complaint = match paths.get(name) {
                Some(path) => forbidden(layer, self::layer(path)?, development),
                None if development => None,
                None => reserved(&package.name, layer, name),
            };
            if let Some(why) = complaint {
                wrong.push(format!("{} must not depend on {name}: {why}", package.name));
            }
        }
    }
    Ok(wrong)
}

fn folder<'a>(package: &'a Package, root: &str) -> &'a str {
    package
        .manifest_path
        .parent()
        .map_or("", |path| path.as_str())
        .trim_start_matches(root)
        .trim_start_matches('/')
}

fn layer(path: &str) -> Result<Layer<'_>> {
    let parts: Vec<&str> = path.split('/').collect();
    Ok(match parts.as_slice() {
        ["crates", "kernel"] => Layer::Kernel,
        ["crates", "config"] => Layer::Config,
        ["crates", "payments"] => Layer::Payments,
        ["crates", "database"] => Layer::Database,
        ["crates", "queue"] => Layer::Queue,
        ["crates", "api"] => Layer::Api,
        ["crates", "server"] => Layer::Server,
        ["crates", "driver" | "testkit" | "xtask"] | ["tests"] => Layer::Tooling,
        ["migration"] => Layer::Migration,
        ["crates", "gateways", name] => Layer::Gateway(name),
        ["crates", domain, part] if DOMAINS.contains(domain) => match *part {
            "model" => Layer::Model(domain),
            "repository" => Layer::Repository(domain),
            "service" => Layer::Service(domain),
            "jobs" => Layer::Jobs(domain),
            _ => bail!("{path}: a domain has a model, a repository, a service and jobs"),
        },
        _ => bail!("{path} is in no layer; add it to crates/xtask/src/layers.rs"),
    })
}

/// Why one layer may not know another, if so.
#[expect(clippy::match_same_arms, reason = "one line a rule reads best")]
fn forbidden(from: Layer<'_>, to: Layer<'_>, development: bool) -> Option<String> {
    use Layer as L;
    let rank = |domain: &str| DOMAINS.iter().position(|known| *known == domain);
    let allowed = match (from, to) {
        (L::Tooling, _) => true,
        (_, L::Tooling) => development,
        (L::Server, _) => true,
        (L::Kernel, _) | (_, L::Api | L::Server) => false,
        (_, L::Kernel) => true,
        (L::Database, L::Config) | (L::Queue, L::Database) => true,
        (L::Model(_) | L::Repository(_) | L::Service(_), L::Payments) => true,
        (L::Gateway(_) | L::Api, L::Payments) => true,
        (L::Model(own), L::Model(other)) => rank(other) < rank(own),
        (L::Repository(_), L::Database) => true,
        (L::Repository(own), L::Model(other)) => own == other,
        (L::Service(_), L::Config | L::Database | L::Queue) => true,
        (L::Service(own), L::Repository(other)) => own == other,
        (L::Service(own), L::Model(other)) => rank(other) <= rank(own),
        (L::Service(own), L::Service(other)) => rank(other) < rank(own),
        (L::Jobs(_), L::Queue) => true,
        // The events of domains before its own give rise to jobs.
        (L::Jobs(own), L::Model(other)) => rank(other) <= rank(own),
        (L::Jobs(own), L::Service(other)) => own == other,
        (L::Gateway(_), L::Config | L::Queue | L::Model(_)) => true,
        // The embedded gateway is an outside system with tables of its own.
        (L::Gateway("test"), L::Database) => true,
        (L::Api, L::Config | L::Queue | L::Model(_) | L::Service(_)) => true,
        _ => false,
    };
    (!allowed).then(|| format!("{from:?} does not know {to:?}"))
}

fn reserved(package: &str, layer: Layer<'_>, dependency: &str) -> Option<String> {
    if layer == Layer::Tooling {
        return None;
    }
    let (_, users, why) = RESERVED.iter().find(|(name, ..)| *name == dependency)?;
    let repository = matches!(layer, Layer::Repository(_));
    let allowed = users.iter().any(|user| {
        *user == package
            || (*user == "repository" && repository)
            || (user.ends_with('-') && package.starts_with(user))
    });
    (!allowed).then(|| (*why).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_crate_knows_what_it_must_not() {
        check(&crate::root()).unwrap();
    }

    #[test]
    fn the_rules_of_the_design_are_the_ones_checked() {
        use Layer as L;
        for (from, to) in [
            (L::Api, L::Database),
            (L::Api, L::Repository("orders")),
            (L::Repository("orders"), L::Repository("catalog")),
            (L::Repository("orders"), L::Model("catalog")),
            (L::Repository("orders"), L::Service("orders")),
            (L::Model("orders"), L::Database),
            (L::Model("catalog"), L::Model("orders")),
            (L::Service("catalog"), L::Service("orders")),
            (L::Service("orders"), L::Repository("catalog")),
            (L::Service("orders"), L::Gateway("stripe")),
            (L::Jobs("orders"), L::Repository("orders")),
            (L::Jobs("orders"), L::Model("engagement")),
            (L::Jobs("engagement"), L::Service("orders")),
            (L::Gateway("stripe"), L::Database),
            (L::Gateway("stripe"), L::Service("orders")),
            (L::Kernel, L::Config),
            (L::Payments, L::Config),
            (L::Payments, L::Model("orders")),
            (L::Database, L::Payments),
        ] {
            assert!(forbidden(from, to, false).is_some(), "{from:?} {to:?}");
        }
        assert!(forbidden(L::Api, L::Tooling, false).is_some());
        assert!(forbidden(L::Api, L::Tooling, true).is_none());
        assert!(forbidden(L::Service("orders"), L::Service("catalog"), false).is_none());
        assert!(reserved("api", L::Api, "sea-orm").is_some());
        assert!(reserved("orders-repository", L::Repository("orders"), "sea-orm").is_none());
        assert!(reserved("orders-service", L::Service("orders"), "async-stripe").is_some());
        assert!(layer("crates/orders/controllers").is_err());
        assert!(layer("crates/misc").is_err());
    }
}
