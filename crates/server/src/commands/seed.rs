//! `sutler seed`.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;
use config::Settings;

use super::print;
use crate::compose::{Overrides, Sutler};
use crate::demo;

/// Fill an empty shop.
#[derive(Args)]
pub(super) struct Seed {
    /// How many products.
    #[arg(long, default_value_t = demo::PRODUCTS, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    products: u32,
    /// Which tenant, by its slug; the default one when absent.
    #[arg(long)]
    tenant: Option<String>,
}

impl Seed {
    pub(super) async fn run(self, settings: Settings) -> Result<ExitCode> {
        let sutler = Sutler::build(settings, Overrides::default()).await?;
        let tenant = match &self.tenant {
            Some(slug) => sutler.accounts.tenant_by_slug(slug).await?,
            None => sutler.default_tenant().await?,
        };
        let scope = sutler.accounts.system_scope(tenant.id, "seed");
        ensure!(
            demo::fill(&sutler, &scope, self.products).await?,
            "the shop {:?} has a catalog already; nothing was changed",
            tenant.slug
        );
        print(&format!(
            "Added {} products to {:?}.",
            self.products, tenant.slug
        ));
        Ok(ExitCode::SUCCESS)
    }
}
