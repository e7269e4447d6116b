//! Coupons for subscriptions, for those who run the shop.

use database::Once;
use kernel::{
    AuditEntry, Audited as _, Page, PageRequest, Permission, Scope, SubscriptionCouponId, Timestamp,
};
use subscriptions_model::SubscriptionError;
use subscriptions_model::coupon::{SubscriptionCoupon, normal_code};
use subscriptions_repository::coupons;

use crate::Subscriptions;

/// A coupon to make.
#[derive(Debug, Clone)]
pub struct NewSubscriptionCoupon {
    /// What customers type.
    pub code: String,
    /// The share that is taken off, in hundredths of a percent.
    pub basis_points: i64,
    /// For how many periods; for ever when none.
    pub periods: Option<i64>,
    /// How often it can be used.
    pub total_limit: Option<i64>,
    /// When it can be used no longer.
    pub expires_at: Option<Timestamp>,
}

impl Subscriptions {
    /// Coupons, newest first.
    pub async fn coupons(
        &self,
        scope: &Scope,
        page: PageRequest<SubscriptionCouponId>,
    ) -> Result<Page<SubscriptionCoupon, SubscriptionCouponId>, SubscriptionError> {
        scope.require(Permission::SubscriptionsRead)?;
        let db = self.database.read(scope).await?;
        Ok(coupons::list(&db, page).await?)
    }

    /// One coupon.
    pub async fn coupon(
        &self,
        scope: &Scope,
        id: SubscriptionCouponId,
    ) -> Result<SubscriptionCoupon, SubscriptionError> {
        scope.require(Permission::SubscriptionsRead)?;
        let db = self.database.read(scope).await?;
        coupons::find(&db, id)
            .await?
            .ok_or(SubscriptionError::CouponNotFound)
    }

    /// Makes a coupon.
    pub async fn create_coupon(
        &self,
        scope: &Scope,
        new: NewSubscriptionCoupon,
    ) -> Result<SubscriptionCoupon, SubscriptionError> {
        scope.require(Permission::SubscriptionsWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<SubscriptionCoupon>(scope, "subscription_coupon.create", now)
            .await?
        {
            Once::Replayed(known) => return Ok(known),
            Once::Fresh(tx) => tx,
        };
        let made = SubscriptionCoupon {
            id: SubscriptionCouponId::new(now),
            code: normal_code(&new.code)?,
            basis_points: new.basis_points,
            periods: new.periods,
            total_limit: new.total_limit,
            used: 0,
            expires_at: new.expires_at,
            archived: false,
            created_at: now,
        };
        coupons::insert(&tx, &made).await.map_err(|fault| {
            if fault.violates(coupons::UNIQUE_CODE) {
                SubscriptionError::CouponCodeTaken
            } else {
                fault.into()
            }
        })?;
        let entry = AuditEntry::new("subscription_coupon.create", made.id).after(&made);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Archives a coupon; who used it keeps the discount.
    pub async fn archive_coupon(
        &self,
        scope: &Scope,
        id: SubscriptionCouponId,
    ) -> Result<SubscriptionCoupon, SubscriptionError> {
        scope.require(Permission::SubscriptionsWrite)?;
        let tx = match self
            .database
            .begin_once::<SubscriptionCoupon>(scope, "subscription_coupon.archive", self.now())
            .await?
        {
            Once::Replayed(known) => return Ok(known),
            Once::Fresh(tx) => tx,
        };
        let mut coupon = coupons::find(&tx, id)
            .await?
            .ok_or(SubscriptionError::CouponNotFound)?;
        let before = coupon.snapshot();
        coupons::archive(&tx, id).await?;
        coupon.archived = true;
        let entry = AuditEntry::new("subscription_coupon.archive", id);
        self.record(&tx, entry.before(&before).after(&coupon))
            .await?;
        Ok(tx.commit_with(coupon).await?)
    }
}
