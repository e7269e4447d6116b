//! What a shop is told of its business.

use std::collections::BTreeMap;

use engagement_model::EngagementError;
use engagement_model::day::day_of;
use engagement_model::insight::{Days, Insight};
use engagement_repository::insight;
use jiff::civil::Date;
use kernel::{Fault, Permission, Scope};

use crate::Engagement;

impl Engagement {
    /// The figures of some days; of the last 30 when none are named.
    pub async fn insight(
        &self,
        scope: &Scope,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Insight, EngagementError> {
        scope.require(Permission::InsightRead)?;
        let tenant = self.accounts.tenant(scope).await?;
        let at = self.now();
        let time_zone = tenant.settings.time_zone.clone();
        let days = Days::new(from, to, day_of(at, &time_zone))?;
        let db = self.database.read_snapshot(scope).await?;
        let mut insight = Insight {
            takings: insight::takings(&db, days).await?,
            funnel: insight::funnel(&db, days).await?,
            best_sellers: insight::best_sellers(&db, days).await?,
            stock: insight::stock(&db, days).await?,
            days,
            time_zone,
            at,
        };
        drop(db);
        // Facts have the names of variants.
        let products: Vec<_> = insight.best_sellers.iter().map(|one| one.product).collect();
        let names = self.catalog.product_names(scope, &products).await;
        let names = names.map_err(|error| {
            EngagementError::from(Fault::transient("read the names of products").caused_by(error))
        })?;
        let names: BTreeMap<_, _> = names.into_iter().collect();
        for best in &mut insight.best_sellers {
            if let Some(name) = names.get(&best.product) {
                best.name.clone_from(name);
            }
        }
        Ok(insight)
    }
}
