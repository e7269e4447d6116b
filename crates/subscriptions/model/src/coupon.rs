//! Coupons for subscriptions.

use kernel::{Audited, Money, Snapshot, SubscriptionCouponId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::errors::SubscriptionError;

/// The longest code.
pub const MAX_CODE: usize = 40;

/// What a period is discounted by, and for how many more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// The share that is taken off, in hundredths of a percent.
    pub basis_points: i64,
    /// For how many more periods; for ever when none.
    pub periods_left: Option<i64>,
}

impl Discount {
    /// Whether the next period is discounted.
    pub fn lasts(self) -> bool {
        self.periods_left.is_none_or(|left| left > 0)
    }

    /// A price less the discount; what is taken off is rounded half to even.
    pub fn of(self, price: Money) -> Money {
        let points = u32::try_from(self.basis_points.clamp(0, 10_000)).unwrap_or(0);
        let off = price.basis_points(points).map_or(0, |off| off.minor);
        Money::new(price.minor - off, price.currency)
    }

    /// The discount after a period.
    #[must_use]
    pub fn used_once(mut self) -> Self {
        self.periods_left = self.periods_left.map(|left| (left - 1).max(0));
        self
    }
}

/// A coupon for subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionCoupon {
    /// Which.
    pub id: SubscriptionCouponId,
    /// What customers type, in capital letters.
    pub code: String,
    /// The share that is taken off, in hundredths of a percent.
    pub basis_points: i64,
    /// For how many periods; for ever when none.
    pub periods: Option<i64>,
    /// How often it can be used; no limit when none.
    pub total_limit: Option<i64>,
    /// How often it was used.
    pub used: i64,
    /// When it can be used no longer.
    pub expires_at: Option<Timestamp>,
    /// Whether it was archived.
    pub archived: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Audited for SubscriptionCoupon {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new()
            .with("basis_points", self.basis_points)
            .with("periods", self.periods)
            .with("total_limit", self.total_limit)
            .with("used", self.used)
            .with("expires_at", self.expires_at)
            .with("archived", self.archived)
    }
}

impl SubscriptionCoupon {
    /// What it takes off.
    pub fn discount(&self) -> Discount {
        Discount {
            basis_points: self.basis_points,
            periods_left: self.periods,
        }
    }
}

/// A code as it is compared: in capital letters, without spaces around it.
///
/// # Errors
/// [`SubscriptionError::CouponCode`].
pub fn normal_code(typed: &str) -> Result<String, SubscriptionError> {
    let code = typed.trim().to_ascii_uppercase();
    let fits = (1..=MAX_CODE).contains(&code.len())
        && code
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if fits {
        Ok(code)
    } else {
        Err(SubscriptionError::CouponCode)
    }
}
