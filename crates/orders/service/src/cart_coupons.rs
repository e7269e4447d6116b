//! Codes in carts.

use database::Once;
use kernel::Scope;
use orders_model::cart::CartCoupon;
use orders_model::promotion::PromotionStatus;
use orders_model::promotion::apply::Candidate;
use orders_model::promotion::coupon::{MAX_IN_CART, normal_code};
use orders_model::{OrdersError, PromotionError};

use crate::Orders;
use crate::access::CartKey;
use crate::carts::CartAnswer;

impl Orders {
    /// Puts a code into a cart, whether or not it applies to what is in there
    /// now. Again is no error. Codes that do not exist and those that are over
    /// are refused alike.
    pub async fn add_coupon(
        &self,
        scope: &Scope,
        key: &CartKey,
        code: &str,
    ) -> Result<CartAnswer, OrdersError> {
        let code = normal_code(code)?;
        let tenant = self.tenant(scope).await?;
        let tx = match self
            .database
            .begin_once::<CartAnswer>(scope, "cart.add_coupon", self.now())
            .await?
        {
            Once::Replayed(answer) => return Ok(answer),
            Once::Fresh(tx) => tx,
        };
        let mut cart = self.open_cart(scope, &tx, key).await?;
        if !cart.coupons.iter().any(|known| known.code == code) {
            if cart.coupons.len() >= MAX_IN_CART {
                return Err(PromotionError::TooManyCoupons.into());
            }
            cart.coupons.push(CartCoupon {
                code: code.clone(),
                applied: false,
            });
        }
        let stored = cart.lines.clone();
        let prices = self.prices(scope, &tenant, &tx, &cart, None).await?;
        let is_live = |candidate: &Candidate| {
            let promotion = &candidate.promotion;
            candidate.coupon.as_ref().is_some_and(|coupon| {
                coupon.code == code
                    && coupon.status == PromotionStatus::Active
                    && promotion.status == PromotionStatus::Active
                    && promotion.ends_at.is_none_or(|end| prices.now < end)
            })
        };
        if !prices.candidates.iter().any(is_live) {
            return Err(PromotionError::CouponUnknown.into());
        }
        let answer = self.write_cart(scope, &tx, cart, &stored, &prices).await?;
        Ok(tx.commit_with(answer).await?)
    }

    /// Takes a code out of a cart.
    pub async fn remove_coupon(
        &self,
        scope: &Scope,
        key: &CartKey,
        code: &str,
    ) -> Result<CartAnswer, OrdersError> {
        let code = normal_code(code).map_err(|_| PromotionError::CouponNotFound)?;
        let tenant = self.tenant(scope).await?;
        let tx = self
            .database
            .begin_write(scope, "cart.remove_coupon")
            .await?;
        let mut cart = self.open_cart(scope, &tx, key).await?;
        let before = cart.coupons.len();
        cart.coupons.retain(|known| known.code != code);
        if cart.coupons.len() == before {
            return Err(PromotionError::CouponNotFound.into());
        }
        let stored = cart.lines.clone();
        let prices = self.prices(scope, &tenant, &tx, &cart, None).await?;
        let answer = self.write_cart(scope, &tx, cart, &stored, &prices).await?;
        tx.commit().await?;
        Ok(answer)
    }
}
