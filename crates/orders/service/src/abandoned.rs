//! Carts that were left behind, for those who remind of them.

use std::time::Duration;

use kernel::{AccessDenied, CartId, Scope, Timestamp};
use orders_model::OrdersError;
use orders_model::cart::CartStatus;
use orders_model::events::CartAbandoned;
use orders_model::priced_cart::PricedCart;
use orders_repository::{abandoned, carts};

use crate::Orders;
use crate::carts::CartAnswer;
use crate::pricing::price;

/// How many are marked in one run; the rest comes with the next.
const AT_ONCE: i64 = 200;

/// A cart that was left behind, as it is now.
#[derive(Debug, Clone)]
pub struct AbandonedCart {
    /// The cart with what it costs now.
    pub priced: PricedCart,
    /// The language its buyer wishes for.
    pub language: Option<String>,
}

impl Orders {
    /// Marks carts that nobody touched for some time, though not for longer
    /// than that and `window`; how many. Each is marked once, and the event
    /// says so.
    pub async fn mark_abandoned(
        &self,
        scope: &Scope,
        idle: Duration,
        window: Duration,
    ) -> Result<usize, OrdersError> {
        let now = self.now();
        let idle_since = now.minus(idle);
        let tx = self
            .database
            .begin_write(scope, "cart.mark_abandoned")
            .await?;
        let marked =
            abandoned::mark(&tx, idle_since, idle_since.minus(window), AT_ONCE, now).await?;
        for &cart in &marked {
            self.queue.publish(&tx, &CartAbandoned { cart }).await?;
        }
        tx.commit().await?;
        Ok(marked.len())
    }

    /// A cart that was marked and is still as it was left; none when it was
    /// ordered, emptied, or touched again since.
    pub async fn abandoned_cart(
        &self,
        scope: &Scope,
        cart: CartId,
    ) -> Result<Option<AbandonedCart>, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let db = self.database.read(scope).await?;
        let Some(cart) = carts::find(&db, cart).await? else {
            return Ok(None);
        };
        let marked = abandoned::marked_at(&db, cart.id).await?;
        let untouched = marked.is_some_and(|marked| cart.updated_at <= marked);
        if cart.status != CartStatus::Open || cart.lines.is_empty() || !untouched {
            return Ok(None);
        }
        let language = carts::language_of(&db, cart.id).await?;
        let prices = self.prices(scope, &tenant, &db, &cart, None).await?;
        drop(db);
        Ok(Some(AbandonedCart {
            priced: price(cart, &prices)?,
            language,
        }))
    }

    /// Whether an order was placed with a mail address since.
    pub async fn has_ordered(
        &self,
        scope: &Scope,
        email: &str,
        since: Timestamp,
    ) -> Result<bool, OrdersError> {
        let db = self.database.read(scope).await?;
        Ok(abandoned::has_ordered(&db, email, since).await?)
    }

    /// A cart for whoever holds a link to it that was mailed to its owner. A
    /// cart of an account is for its owner only.
    pub async fn restored_cart(
        &self,
        scope: &Scope,
        cart: CartId,
    ) -> Result<CartAnswer, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let db = self.database.read(scope).await?;
        let cart = carts::find(&db, cart)
            .await?
            .ok_or(OrdersError::CartNotFound)?;
        if let Some(owner) = cart.user {
            match scope.user() {
                Some(user) if user == owner => {}
                Some(_) => return Err(OrdersError::CartNotFound),
                None => return Err(AccessDenied::Unauthenticated.into()),
            }
        }
        cart.require_open()?;
        let prices = self.prices(scope, &tenant, &db, &cart, None).await?;
        drop(db);
        self.answer(scope, cart, &prices)
    }
}
