//! Making and changing promotions and their codes.

use std::collections::BTreeSet;

use database::Once;
use kernel::{
    AuditEntry, Audited as _, CouponId, Expected, Fault, Page, PageRequest, Permission, ProductId,
    PromotionId, Scope, Snapshot,
};
use orders_model::events::PromotionsChanged;
use orders_model::promotion::coupon::{Coupon, NewCoupons};
use orders_model::promotion::{MAX_PRODUCTS, NewPromotion, Promotion, PromotionChange, Rule};
use orders_model::{OrdersError, PromotionError};
use orders_repository::promotions::{self, coupons};

use crate::Orders;

pub use orders_repository::promotions::Filter as PromotionFilter;

impl Orders {
    /// The promotions of the tenant, newest first.
    pub async fn promotions(
        &self,
        scope: &Scope,
        filter: &PromotionFilter,
        page: PageRequest<PromotionId>,
    ) -> Result<Page<Promotion, PromotionId>, OrdersError> {
        scope.require(Permission::PromotionsRead)?;
        let db = self.database.read(scope).await?;
        Ok(promotions::list(&db, filter, page).await?)
    }

    /// One promotion.
    pub async fn promotion(
        &self,
        scope: &Scope,
        id: PromotionId,
    ) -> Result<Promotion, OrdersError> {
        scope.require(Permission::PromotionsRead)?;
        let db = self.database.read(scope).await?;
        Ok(promotions::find(&db, id)
            .await?
            .ok_or(PromotionError::NotFound)?)
    }

    /// Makes a promotion. One that needs no code applies from now on.
    pub async fn create_promotion(
        &self,
        scope: &Scope,
        new: NewPromotion,
    ) -> Result<Promotion, OrdersError> {
        scope.require(Permission::PromotionsWrite)?;
        let own = self.tenant(scope).await?.settings.currency;
        let currency = self.sold_in(scope, new.rule.currency(own), own).await?;
        self.check_products(scope, &new.rule.rule).await?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Promotion>(scope, "promotion.create", now)
            .await?
        {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        let made = Promotion::new(new, currency, now)?;
        promotions::insert(&tx, &made).await?;
        if promotions::too_many(&tx).await? {
            return Err(PromotionError::TooMany.into());
        }
        self.queue.publish(&tx, &PromotionsChanged {}).await?;
        let entry = AuditEntry::new("promotion.create", made.id).after(&made);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Changes a promotion, if its version is still that one. Orders that use
    /// it keep what they got.
    pub async fn change_promotion(
        &self,
        scope: &Scope,
        id: PromotionId,
        change: PromotionChange,
        expected: &Expected,
    ) -> Result<Promotion, OrdersError> {
        scope.require(Permission::PromotionsWrite)?;
        if let Some(given) = &change.rule {
            self.check_products(scope, &given.rule).await?;
        }
        let tx = self.database.begin_write(scope, "promotion.change").await?;
        let known = promotions::find(&tx, id)
            .await?
            .ok_or(PromotionError::NotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(OrdersError::VersionMismatch);
        }
        if change == PromotionChange::default() {
            return Ok(known);
        }
        let used = known.used;
        let before = known.snapshot();
        let changed = known.changed(change, self.now())?;
        let written = promotions::update(&tx, &changed).await;
        if !written.map_err(|fault| limit_below_used(fault, used))? {
            return Err(OrdersError::VersionMismatch);
        }
        if promotions::too_many(&tx).await? {
            return Err(PromotionError::TooMany.into());
        }
        self.queue.publish(&tx, &PromotionsChanged {}).await?;
        let entry = AuditEntry::new("promotion.change", id);
        let entry = entry.before(&before).after(&changed);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Refuses products that do not exist, whose promotion would apply to
    /// nothing without anybody being told.
    async fn check_products(&self, scope: &Scope, rule: &Rule) -> Result<(), OrdersError> {
        let named: Vec<(String, ProductId)> = rule.named_products().collect();
        let ids: Vec<ProductId> = named.iter().map(|(_, id)| *id).collect();
        if ids.len() > 2 * MAX_PRODUCTS {
            // Too many are refused as such.
            return Ok(());
        }
        let known = self.catalog.product_names(scope, &ids).await?;
        let known: BTreeSet<ProductId> = known.into_iter().map(|(id, _)| id).collect();
        match named.into_iter().find(|(_, id)| !known.contains(id)) {
            Some((pointer, id)) => Err(PromotionError::UnknownProduct { pointer, id }.into()),
            None => Ok(()),
        }
    }

    /// The codes of a promotion, newest first.
    pub async fn coupons(
        &self,
        scope: &Scope,
        promotion: PromotionId,
        page: PageRequest<CouponId>,
    ) -> Result<Page<Coupon, CouponId>, OrdersError> {
        scope.require(Permission::PromotionsRead)?;
        let db = self.database.read(scope).await?;
        promotions::find(&db, promotion)
            .await?
            .ok_or(PromotionError::NotFound)?;
        Ok(coupons::list(&db, promotion, page).await?)
    }

    /// Makes codes of a promotion, each of which so many orders may use.
    pub async fn create_coupons(
        &self,
        scope: &Scope,
        promotion: PromotionId,
        new: NewCoupons,
        limit: Option<i64>,
    ) -> Result<Vec<Coupon>, OrdersError> {
        scope.require(Permission::PromotionsWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Vec<Coupon>>(scope, "coupon.create", now)
            .await?
        {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        let known = promotions::find(&tx, promotion)
            .await?
            .ok_or(PromotionError::NotFound)?;
        if !known.needs_coupon {
            return Err(PromotionError::WithoutCode.into());
        }
        let codes = new.codes()?.into_iter();
        let made: Vec<Coupon> = codes
            .map(|code| Coupon::new(promotion, code, limit, now))
            .collect();
        coupons::insert(&tx, &made).await.map_err(code_taken)?;
        // One entry for all of them; the codes are no business of the log.
        let added = Snapshot::new()
            .with("coupons", made.len())
            .with("first", made.first().map(|coupon| coupon.id))
            .with("last", made.last().map(|coupon| coupon.id))
            .with("use_limit", limit);
        let entry = AuditEntry::new("coupon.create", promotion).after(&added);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Ends a code. Orders that use it keep what they got; again is no error.
    pub async fn archive_coupon(
        &self,
        scope: &Scope,
        promotion: PromotionId,
        id: CouponId,
    ) -> Result<(), OrdersError> {
        scope.require(Permission::PromotionsWrite)?;
        let tx = self.database.begin_write(scope, "coupon.archive").await?;
        if !coupons::archive(&tx, promotion, id, self.now()).await? {
            return Err(PromotionError::CouponNotFound.into());
        }
        let after = Snapshot::new()
            .with("promotion", promotion)
            .with("status", "archived");
        let entry = AuditEntry::new("coupon.archive", id).after(&after);
        self.accounts.audit().record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn code_taken(fault: Fault) -> OrdersError {
    if fault.violates(coupons::UNIQUE_CODE) {
        PromotionError::CodeTaken.into()
    } else {
        fault.into()
    }
}

/// An order was placed between reading and writing.
fn limit_below_used(fault: Fault, used: i64) -> OrdersError {
    if fault.violates(promotions::LIMIT) {
        PromotionError::LimitBelowUsed { used: used + 1 }.into()
    } else {
        fault.into()
    }
}
