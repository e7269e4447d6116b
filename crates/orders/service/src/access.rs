//! Who may see which cart and which order.

use kernel::{CartId, OrderId, Permission, Scope};
use orders_model::OrdersError;
use orders_model::cart::Cart;
use orders_model::order::Order;

use crate::Orders;

/// A cart and, for guests, the token that lets them use it.
#[derive(Debug, Clone)]
pub struct CartKey {
    /// Which.
    pub id: CartId,
    /// What the guest holds.
    pub token: Option<String>,
}

/// An order and, for guests, the token that lets them see it.
#[derive(Debug, Clone)]
pub struct OrderKey {
    /// Which.
    pub id: OrderId,
    /// What the guest holds.
    pub token: Option<String>,
}

impl Orders {
    /// Refuses a cart that is not the caller's, as if it did not exist.
    pub(crate) fn check_cart(
        &self,
        scope: &Scope,
        cart: &Cart,
        token: Option<&str>,
    ) -> Result<(), OrdersError> {
        let allowed = match cart.user {
            Some(owner) => scope.user() == Some(owner),
            None => {
                token.is_some_and(|token| self.cart_tokens.grants(scope.tenant(), cart.id, token))
            }
        };
        if allowed {
            Ok(())
        } else {
            Err(OrdersError::CartNotFound)
        }
    }

    /// Refuses an order that is not the caller's, as if it did not exist.
    pub(crate) fn check_order(
        &self,
        scope: &Scope,
        order: &Order,
        token: Option<&str>,
    ) -> Result<(), OrdersError> {
        if self.is_buyer(scope, order, token) || scope.may(Permission::OrdersRead) {
            Ok(())
        } else {
            Err(OrdersError::OrderNotFound)
        }
    }

    /// Refuses a change of an order that is not the caller's: as if it did not
    /// exist, unless they may see it.
    pub(crate) fn check_order_change(
        &self,
        scope: &Scope,
        order: &Order,
        token: Option<&str>,
    ) -> Result<(), OrdersError> {
        if self.is_buyer(scope, order, token) {
            return Ok(());
        }
        self.check_order(scope, order, token)?;
        Ok(scope.require(Permission::OrdersWrite)?)
    }

    fn is_buyer(&self, scope: &Scope, order: &Order, token: Option<&str>) -> bool {
        let owns = order.user.is_some() && order.user == scope.user();
        owns || token.is_some_and(|token| self.order_tokens.grants(scope.tenant(), order.id, token))
    }

    /// The token that lets a guest use a cart.
    pub(crate) fn cart_token(&self, scope: &Scope, cart: &Cart) -> Option<String> {
        cart.user
            .is_none()
            .then(|| self.cart_tokens.capability(scope.tenant(), cart.id))
    }

    /// The token that lets a guest see an order.
    pub(crate) fn order_token(&self, scope: &Scope, order: &Order) -> Option<String> {
        order
            .user
            .is_none()
            .then(|| self.order_tokens.capability(scope.tenant(), order.id))
    }
}
