//! Which promotions a cart may have, and how their uses are counted.

use std::sync::Arc;

use database::{Batch, Scoped, Transaction};
use kernel::{Fault, PromotionId, Scope};
use orders_model::cart::Cart;
use orders_model::events::PromotionsChanged;
use orders_model::order::Order;
use orders_model::priced_cart::PricedCart;
use orders_model::promotion::Promotion;
use orders_model::promotion::apply::Candidate;
use orders_model::{OrdersError, PromotionError};
use orders_repository::promotions::redemptions::{self, Customers, Use};
use orders_repository::promotions::{self, coupons};

use crate::Orders;

impl Orders {
    /// The promotions that may apply to a cart. A cart without codes, in a
    /// shop without promotions that count by customer, asks the database
    /// nothing.
    pub(crate) async fn candidates(
        &self,
        scope: &Scope,
        db: &Scoped,
        cart: &Cart,
    ) -> Result<Vec<Candidate>, Fault> {
        let automatic = self.automatic_cached(scope, db).await?;
        if automatic.is_empty() && cart.coupons.is_empty() {
            return Ok(Vec::new());
        }
        let customers = Customers::new(cart.user.or(scope.user()), cart.email.as_deref());
        let counted: Vec<PromotionId> = automatic
            .iter()
            .filter(|promotion| promotion.customer_limit.is_some())
            .map(|promotion| promotion.id)
            .collect();
        let used = if counted.is_empty() {
            Vec::new()
        } else {
            redemptions::of_customer(db, &counted, &customers).await?
        };
        let mut candidates: Vec<Candidate> = automatic
            .iter()
            .map(|promotion| Candidate {
                customer_used: used
                    .iter()
                    .find(|(id, _)| *id == promotion.id)
                    .map_or(0, |(_, used)| *used),
                promotion: promotion.clone(),
                coupon: None,
                granted: false,
            })
            .collect();
        let codes: Vec<String> = cart.coupons.iter().map(|one| one.code.clone()).collect();
        let known = coupons::by_code(db, &codes, &customers).await?;
        // In the order in which the buyer gave them.
        for code in &codes {
            let found = known.iter().find(|known| known.coupon.code == *code);
            candidates.extend(found.map(|known| Candidate {
                promotion: known.promotion.clone(),
                coupon: Some(known.coupon.clone()),
                customer_used: known.customer_used,
                granted: false,
            }));
        }
        Ok(candidates)
    }

    async fn automatic_cached(
        &self,
        scope: &Scope,
        db: &Scoped,
    ) -> Result<Arc<Vec<Promotion>>, Fault> {
        if let Some(promotions) = self.automatic.get(scope.tenant()) {
            return Ok(promotions);
        }
        let promotions = promotions::automatic(db).await?;
        Ok(self.automatic.put(scope.tenant(), promotions))
    }

    /// Counts the uses of an order that is being placed, and adds what remains
    /// to be written to the batch that adds the order. Refuses when somebody
    /// else was faster; the transaction must be rolled back then.
    pub(crate) async fn redeem(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &Order,
        priced: &PricedCart,
        candidates: &[Candidate],
    ) -> Result<(), OrdersError> {
        let applied = &priced.promotions;
        if applied.is_empty() {
            return Ok(());
        }
        let uses: Vec<Use> = applied
            .iter()
            .map(|one| Use {
                promotion: one.promotion,
                coupon: one.coupon,
                customer_limit: candidates
                    .iter()
                    .find(|candidate| candidate.promotion.id == one.promotion)
                    .and_then(|candidate| candidate.promotion.customer_limit),
            })
            .collect();
        let customers = Customers::new(order.user, Some(&order.email));
        let counted = redemptions::count(tx, &uses, &customers).await?;
        if !counted.refused.is_empty() {
            // What is remembered of it is behind the times.
            self.automatic.forget(tx.scope().tenant());
            let names: Vec<&str> = applied
                .iter()
                .filter(|one| counted.refused.contains(&one.promotion))
                .map(|one| one.code.as_deref().unwrap_or(&one.name))
                .collect();
            return Err(PromotionError::UsedUp(names.join(", ")).into());
        }
        if counted.exhausted {
            self.queue.publish_with(tx, batch, &PromotionsChanged {})?;
        }
        Ok(())
    }

    /// Gives back what an order that will not happen used. The order is
    /// locked.
    pub(crate) async fn release_promotions(
        &self,
        tx: &Transaction,
        order: &Order,
    ) -> Result<(), OrdersError> {
        if order.promotions.is_empty() {
            return Ok(());
        }
        if redemptions::release(tx, order.id, None, self.now()).await? {
            self.queue.publish(tx, &PromotionsChanged {}).await?;
        }
        Ok(())
    }
}
