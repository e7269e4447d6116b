//! Every table, for both databases, as one list of migrations.
//!
//! A migration is SQL in the words of PostgreSQL, of which the few types that
//! SQLite calls otherwise are translated (see [`script`]). Each table of a
//! tenant is named in its migration, and from that follow row-level security
//! and, for histories, the triggers that refuse changes.

use sea_orm_migration::prelude::*;

mod m0001_tenants;
mod m0002_accounts;
mod m0003_queue;
mod m0004_catalog;
mod m0005_orders;
mod m0006_test_gateway;
mod m0007_search;
mod m0008_people;
mod m0009_images;
mod m0010_imports;
mod m0011_promotions;
mod m0012_shipping_zones;
mod m0013_after_payment;
mod m0014_mail_templates;
mod m0015_engagement;
mod m0016_variants;
mod m0017_stock;
mod m0018_sellers;
mod m0019_bundles;
mod m0020_challenges;
mod m0021_credits;
mod m0022_line_components;
mod m0023_imported_supply;
mod m0024_credits;
mod m0025_paid_by_wallet;
mod m0026_gift_cards;
mod m0027_wallets_more;
mod m0028_services;
mod m0029_quotas;
mod m0030_subscriptions;
mod m0031_clusters;
mod reshape;
mod script;

/// A migration, and the tables that go with it when it is taken back.
pub(crate) trait Owned: MigrationTrait {
    /// Their names.
    fn tables(&self) -> Vec<&'static str>;
}

/// The tables that migrations with these names made, in the order in which
/// they would be dropped.
pub fn tables_of(names: &[&str]) -> Vec<&'static str> {
    let mut all = all();
    all.reverse();
    all.iter()
        .filter(|migration| names.contains(&migration.name()))
        .flat_map(|migration| migration.tables())
        .collect()
}

/// Runs the migrations.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let all = all().into_iter();
        all.map(|migration| -> Box<dyn MigrationTrait> { migration })
            .collect()
    }
}

/// Every migration, in the order of their numbers.
fn all() -> Vec<Box<dyn Owned>> {
    vec![
        Box::new(m0001_tenants::MIGRATION),
        Box::new(m0002_accounts::MIGRATION),
        Box::new(m0003_queue::MIGRATION),
        Box::new(m0004_catalog::MIGRATION),
        Box::new(m0005_orders::MIGRATION),
        Box::new(m0006_test_gateway::MIGRATION),
        Box::new(m0007_search::MIGRATION),
        Box::new(m0008_people::MIGRATION),
        Box::new(m0009_images::MIGRATION),
        Box::new(m0010_imports::MIGRATION),
        Box::new(m0011_promotions::MIGRATION),
        Box::new(m0012_shipping_zones::MIGRATION),
        Box::new(m0013_after_payment::MIGRATION),
        Box::new(m0014_mail_templates::MIGRATION),
        Box::new(m0015_engagement::MIGRATION),
        Box::new(m0016_variants::MIGRATION),
        Box::new(m0017_stock::MIGRATION),
        Box::new(m0018_sellers::MIGRATION),
        Box::new(m0019_bundles::MIGRATION),
        Box::new(m0020_challenges::MIGRATION),
        Box::new(m0021_credits::MIGRATION),
        Box::new(m0022_line_components::MIGRATION),
        Box::new(m0023_imported_supply::MIGRATION),
        Box::new(m0024_credits::MIGRATION),
        Box::new(m0025_paid_by_wallet::MIGRATION),
        Box::new(m0026_gift_cards::MIGRATION),
        Box::new(m0027_wallets_more::MIGRATION),
        Box::new(m0028_services::MIGRATION),
        Box::new(m0029_quotas::MIGRATION),
        Box::new(m0030_subscriptions::MIGRATION),
        Box::new(m0031_clusters::MIGRATION),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_in_the_order_of_their_numbers() {
        let migrations = Migrator::migrations();
        let names: Vec<&str> = migrations.iter().map(|one| one.name()).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
