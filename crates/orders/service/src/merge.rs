//! A guest's cart becomes the account's when its owner signs in.

use catalog_model::offer::Offer;
use database::{Batch, retrying};
use kernel::{CartLineId, Fault, Scope, UserId};
use orders_model::OrdersError;
use orders_model::cart::{Cart, CartLine, CartStatus, MAX_LINES, MAX_QUANTITY};
use orders_model::promotion::coupon::MAX_IN_CART;
use orders_repository::carts;

use crate::Orders;
use crate::access::CartKey;
use crate::carts::CartAnswer;

/// How often a merge is tried that others are faster than.
const RACES: usize = 3;

impl Orders {
    /// Gives a guest's cart to the signed-in user: as it is when they have
    /// none, else line by line into theirs. Again is no error: then the guest's
    /// cart is gone and the user's is answered.
    pub async fn merge_cart(
        &self,
        scope: &Scope,
        guest: &CartKey,
    ) -> Result<CartAnswer, OrdersError> {
        let user = scope.require_user()?;
        for _ in 0..RACES {
            let merged = retrying("cart.merge", || self.try_merge(scope, user, guest)).await;
            match merged {
                // Their other tab was faster, and the account has a cart now.
                Err(OrdersError::Fault(fault)) if fault.violates(carts::UNIQUE_USER) => {}
                merged => return merged,
            }
        }
        Err(Fault::transient("merge a cart").into())
    }

    async fn try_merge(
        &self,
        scope: &Scope,
        user: UserId,
        guest: &CartKey,
    ) -> Result<CartAnswer, OrdersError> {
        let now = self.now();
        let tenant = self.tenant(scope).await?;
        let tx = self.database.begin_write(scope, "cart.merge").await?;
        // The user's own first, so that two merges lock in the same order.
        // One that was ordered in the meantime takes nothing more.
        let own = match carts::find_open_of(&tx, user).await? {
            Some(own) => carts::lock(&tx, own.id).await?,
            None => None,
        };
        let own = own.filter(|own| own.status == CartStatus::Open);
        let mut found = carts::lock(&tx, guest.id)
            .await?
            .ok_or(OrdersError::CartNotFound)?;
        if found.user.is_some() || found.status == CartStatus::Merged {
            let theirs = found.user.is_none_or(|owner| owner == user);
            let is_open = found.status == CartStatus::Open;
            let own = own
                .or_else(|| is_open.then_some(found))
                .filter(|_| theirs)
                .ok_or(OrdersError::CartNotFound)?;
            let prices = self.prices(scope, &tenant, &tx, &own, None).await?;
            drop(tx);
            return self.answer(scope, own, &prices);
        }
        self.check_cart(scope, &found, guest.token.as_deref())?;
        found.require_open()?;
        let Some(own) = own else {
            found.user = Some(user);
            let stored = found.lines.clone();
            let prices = self.prices(scope, &tenant, &tx, &found, None).await?;
            let answer = self.write_cart(scope, &tx, found, &stored, &prices).await?;
            tx.commit().await?;
            return Ok(answer);
        };
        let stored = own.lines.clone();
        let mut merged = merge_into(own, &found, now);
        found.status = CartStatus::Merged;
        let mut batch = Batch::new();
        batch.add(carts::update(&found, now));
        batch.run(&tx).await?;
        let prices = self.prices(scope, &tenant, &tx, &merged, None).await?;
        if found.currency != merged.currency {
            see_anew(&mut merged, &found, &stored, &prices.offers);
        }
        let answer = self
            .write_cart(scope, &tx, merged, &stored, &prices)
            .await?;
        tx.commit().await?;
        Ok(answer)
    }
}

/// Lines of a guest's cart in another currency were seen at prices that mean
/// nothing here: they count as seen at what they cost now.
fn see_anew(merged: &mut Cart, guest: &Cart, stored: &[CartLine], offers: &[Offer]) {
    let currency = merged.currency;
    for line in &mut merged.lines {
        let was_there = stored.iter().any(|known| known.variant == line.variant);
        if was_there || !guest.lines.iter().any(|l| l.variant == line.variant) {
            continue;
        }
        let offer = offers
            .iter()
            .find(|offer| offer.variant == line.variant && offer.price.currency == currency);
        line.seen_price = offer.map_or(0, |offer| offer.price.minor);
    }
}

/// Quantities of the same variant are added up, as far as a line goes; what
/// the account's cart does not say, the guest's says. One without lines takes
/// the guest's currency.
fn merge_into(mut own: Cart, guest: &Cart, now: kernel::Timestamp) -> Cart {
    if own.lines.is_empty() {
        own.currency = guest.currency;
    }
    for line in &guest.lines {
        let full = own.lines.len() >= MAX_LINES;
        match own.lines.iter_mut().find(|l| l.variant == line.variant) {
            Some(known) => known.quantity = (known.quantity + line.quantity).min(MAX_QUANTITY),
            None if !full => own.lines.push(CartLine {
                id: CartLineId::new(now),
                ..*line
            }),
            None => {}
        }
    }
    for coupon in &guest.coupons {
        let known = own.coupons.iter().any(|known| known.code == coupon.code);
        if !known && own.coupons.len() < MAX_IN_CART {
            own.coupons.push(coupon.clone());
        }
    }
    own.email = own.email.or_else(|| guest.email.clone());
    own.shipping_address = own
        .shipping_address
        .or_else(|| guest.shipping_address.clone());
    own.billing_address = own
        .billing_address
        .or_else(|| guest.billing_address.clone());
    own.shipping_method = own
        .shipping_method
        .or_else(|| guest.shipping_method.clone());
    own
}
