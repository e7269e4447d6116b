//! Counting orders, refunds and stock, by day.

use std::collections::BTreeSet;

use database::{Once, Transaction};
use engagement_model::EngagementError;
use engagement_model::day::day_of;
use engagement_model::insight::{Fact, fact_of_refund, facts_of_order};
use engagement_model::jobs::RebuildInsight;
use engagement_repository::{counting, reminders};
use kernel::{AuditEntry, Fault, MoneyError, OrderId, Permission, RefundId, Scope, Snapshot};
use orders_model::OrdersError;
use orders_model::figures::OrderFigures;
use uuid::Uuid;

use crate::Engagement;

/// Orders or refunds that are counted anew in one transaction.
const AT_ONCE: i64 = 100;

fn out_of_range(error: MoneyError) -> EngagementError {
    OrdersError::from(error).into()
}

impl Engagement {
    async fn time_zone(&self, scope: &Scope) -> Result<String, EngagementError> {
        let tenant = self.accounts.tenant(scope).await?;
        Ok(tenant.settings.time_zone.clone())
    }

    /// Counts a paid order; called by its job.
    pub async fn count_order(&self, scope: &Scope, order: OrderId) -> Result<(), EngagementError> {
        let Some(order) = self.orders.order_figures(scope, order).await? else {
            return Ok(());
        };
        let time_zone = self.time_zone(scope).await?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "insight.order").await?;
        counting::lock(&tx, now).await?;
        let facts = facts(&tx, &order, &time_zone).await?;
        count(&tx, &facts).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Counts money that went back; called by its job.
    pub async fn count_refund(
        &self,
        scope: &Scope,
        refund: RefundId,
    ) -> Result<(), EngagementError> {
        let Some(refund) = self.orders.refund_figures(scope, refund).await? else {
            return Ok(());
        };
        let fact = fact_of_refund(&refund, &self.time_zone(scope).await?);
        let tx = self.database.begin_write(scope, "insight.refund").await?;
        counting::lock(&tx, self.now()).await?;
        count(&tx, &[fact]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes what the stock is worth today; called by its job.
    pub async fn count_stock(&self, scope: &Scope) -> Result<(), EngagementError> {
        let stock = self.catalog.stock_value(scope).await.map_err(|error| {
            EngagementError::from(Fault::transient("read the stock").caused_by(error))
        })?;
        let day = day_of(self.now(), &self.time_zone(scope).await?);
        let tx = self.database.begin_write(scope, "insight.stock").await?;
        for (pieces, value) in stock {
            counting::put_stock(&tx, day, pieces, value).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Asks for everything to be counted anew, soon: after the time zone
    /// changed, or when the figures are doubted.
    pub async fn request_rebuild(&self, scope: &Scope) -> Result<(), EngagementError> {
        scope.require(Permission::SettingsWrite)?;
        let tx = match self
            .database
            .begin_once::<()>(scope, "insight.request_rebuild", self.now())
            .await?
        {
            Once::Replayed(()) => return Ok(()),
            Once::Fresh(tx) => tx,
        };
        self.queue.enqueue(&tx, &RebuildInsight {}).await?;
        let asked = Snapshot::new().with("requested", true);
        let entry = AuditEntry::new("insight.rebuild", scope.tenant()).after(&asked);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        Ok(tx.commit_with(()).await?)
    }

    /// Counts all orders and refunds anew, page by page; called by its job.
    /// Each page leaves facts and sums that agree, so it may be interrupted,
    /// and others go on counting in between.
    pub async fn rebuild(&self, scope: &Scope) -> Result<(), EngagementError> {
        let time_zone = self.time_zone(scope).await?;
        let mut after = OrderId::from_uuid(Uuid::nil());
        loop {
            let page = self.orders.figures_after(scope, after, AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = last.order;
            let tx = self.database.begin_write(scope, "insight.rebuild").await?;
            counting::lock(&tx, self.now()).await?;
            let mut all = Vec::new();
            for order in &page {
                all.extend(facts(&tx, order, &time_zone).await?);
            }
            count_anew(&tx, &all).await?;
            tx.commit().await?;
        }
        let mut after = RefundId::from_uuid(Uuid::nil());
        loop {
            let page = self
                .orders
                .refund_figures_after(scope, after, AT_ONCE)
                .await?;
            let Some(last) = page.last() else { break };
            after = last.refund;
            let facts: Vec<Fact> = page
                .iter()
                .map(|refund| fact_of_refund(refund, &time_zone))
                .collect();
            let tx = self.database.begin_write(scope, "insight.rebuild").await?;
            counting::lock(&tx, self.now()).await?;
            count_anew(&tx, &facts).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// What of a paid order is counted.
async fn facts(
    tx: &Transaction,
    order: &OrderFigures,
    time_zone: &str,
) -> Result<Vec<Fact>, EngagementError> {
    let reminder = reminders::find(tx, order.cart).await?;
    let recovered = reminder
        .and_then(|reminder| reminder.sent_at)
        .is_some_and(|sent_at| sent_at <= order.placed_at);
    facts_of_order(order, recovered, time_zone).map_err(out_of_range)
}

/// Counts facts that were not counted yet. Others in the tenant must be locked
/// out.
async fn count(tx: &Transaction, facts: &[Fact]) -> Result<(), Fault> {
    for fact in facts {
        if counting::add(tx, fact).await? {
            counting::sum_up(tx, fact).await?;
        }
    }
    Ok(())
}

/// Counts facts anew, whether they were counted or not, with everything else
/// of the days they fall on or fell on before.
async fn count_anew(tx: &Transaction, facts: &[Fact]) -> Result<(), Fault> {
    let mut days = BTreeSet::new();
    for fact in facts {
        days.insert(fact.day);
        days.extend(counting::put(tx, fact).await?);
    }
    for day in days {
        counting::sum_day_anew(tx, day).await?;
    }
    Ok(())
}
