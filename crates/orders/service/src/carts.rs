//! Carts.

use accounts_model::tenant::Tenant;
use database::{Batch, Once, Transaction};
use kernel::{CartId, CartLineId, Currency, Scope, UserId, VariantId};
use orders_model::OrdersError;
use orders_model::cart::{Cart, CartChange, CartLine, CartStatus, MAX_LINES, check_quantity};
use orders_model::ordering::full_name;
use orders_model::priced_cart::PricedCart;
use orders_repository::carts;
use serde::{Deserialize, Serialize};

use crate::Orders;
use crate::access::CartKey;
use crate::address_book::GivenAddress;
use crate::pricing::{Prices, price};

/// A cart as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CartAnswer {
    /// The cart with what it costs now.
    pub priced: PricedCart,
    /// What a guest uses it with.
    pub token: Option<String>,
}

/// A change of a cart's details, whose addresses may be those of a book; what
/// is `None` stays, `Some(None)` removes.
#[derive(Debug, Clone, Default)]
pub struct GivenCartChange {
    /// Where the confirmation goes.
    pub email: Option<Option<String>>,
    /// Where the goods go.
    pub shipping_address: Option<Option<GivenAddress>>,
    /// Who is billed.
    pub billing_address: Option<Option<GivenAddress>>,
    /// The code of the shipping method.
    pub shipping_method: Option<Option<String>>,
}

impl Orders {
    /// Starts a cart in a currency, the tenant's if none is named. A signed-in
    /// user who has an open one gets that, if it is in the currency or empty.
    pub async fn create_cart(
        &self,
        scope: &Scope,
        currency: Option<Currency>,
    ) -> Result<CartAnswer, OrdersError> {
        let tenant = self.tenant(scope).await?;
        if let Some(currency) = currency {
            self.catalog.check_currency(scope, currency).await?;
        }
        let cart = match (scope.user(), &scope.request().idempotency) {
            // A guest's new cart is one statement.
            (None, None) => {
                let cart = self.new_cart(&tenant, None, currency);
                self.database
                    .write_one(
                        scope,
                        "cart.create",
                        carts::insert(&cart, scope.request().language.as_deref()),
                    )
                    .await?;
                cart
            }
            (user, _) => {
                self.create_cart_once(scope, &tenant, user, currency)
                    .await?
            }
        };
        self.answer_new(scope, &tenant, cart).await
    }

    async fn create_cart_once(
        &self,
        scope: &Scope,
        tenant: &Tenant,
        user: Option<UserId>,
        currency: Option<Currency>,
    ) -> Result<Cart, OrdersError> {
        let tx = match self
            .database
            .begin_once::<Cart>(scope, "cart.create", self.now())
            .await?
        {
            Once::Replayed(cart) => return Ok(cart),
            Once::Fresh(tx) => tx,
        };
        if let Some(user) = user
            && let Some(cart) = carts::find_open_of(&tx, user).await?
        {
            let cart = match currency {
                Some(currency) if currency != cart.currency => {
                    self.take_currency(&tx, cart, currency).await?
                }
                _ => cart,
            };
            return Ok(tx.commit_with(cart).await?);
        }
        let mut cart = self.new_cart(tenant, user, currency);
        self.prefill(&tx, &mut cart).await?;
        let (sql, values) = carts::insert(&cart, scope.request().language.as_deref());
        match tx.run(sql, values).await {
            Ok(_) => Ok(tx.commit_with(cart).await?),
            // Their other tab was faster.
            Err(fault) if fault.violates(carts::UNIQUE_USER) => {
                drop(tx);
                let db = self.database.read(scope).await?;
                let user = scope.require_user()?;
                carts::find_open_of(&db, user)
                    .await?
                    .ok_or(OrdersError::CartNotFound)
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// Gives an open cart that is empty another currency.
    async fn take_currency(
        &self,
        tx: &Transaction,
        cart: Cart,
        currency: Currency,
    ) -> Result<Cart, OrdersError> {
        let mut cart = carts::lock(tx, cart.id)
            .await?
            .ok_or(OrdersError::CartNotFound)?;
        cart.require_open()?;
        if !cart.lines.is_empty() {
            return Err(OrdersError::CartInOtherCurrency(cart.currency));
        }
        let now = self.now();
        cart.currency = currency;
        let (sql, values) = carts::update(&cart, now);
        tx.run(sql, values).await?;
        cart.version += 1;
        cart.updated_at = now;
        Ok(cart)
    }

    fn new_cart(&self, tenant: &Tenant, user: Option<UserId>, currency: Option<Currency>) -> Cart {
        let now = self.now();
        Cart {
            id: CartId::new(now),
            user,
            currency: currency.unwrap_or(tenant.settings.currency),
            status: CartStatus::Open,
            email: None,
            shipping_address: None,
            billing_address: None,
            shipping_method: None,
            coupons: Vec::new(),
            seen_discount: 0,
            order: None,
            version: 1,
            created_at: now,
            updated_at: now,
            lines: Vec::new(),
        }
    }

    /// A cart as it is now.
    pub async fn cart(&self, scope: &Scope, key: &CartKey) -> Result<CartAnswer, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let db = self.database.read(scope).await?;
        let cart = carts::find(&db, key.id)
            .await?
            .ok_or(OrdersError::CartNotFound)?;
        self.check_cart(scope, &cart, key.token.as_deref())?;
        let prices = self.prices(scope, &tenant, &db, &cart, None).await?;
        drop(db);
        self.answer(scope, cart, &prices)
    }

    /// Puts pieces of a variant into a cart; more of what is there already.
    pub async fn add_line(
        &self,
        scope: &Scope,
        key: &CartKey,
        variant: VariantId,
        quantity: i64,
    ) -> Result<CartAnswer, OrdersError> {
        check_quantity(quantity)?;
        let now = self.now();
        let tenant = self.tenant(scope).await?;
        let tx = match self
            .database
            .begin_once::<CartAnswer>(scope, "cart.add_line", now)
            .await?
        {
            Once::Replayed(answer) => return Ok(answer),
            Once::Fresh(tx) => tx,
        };
        let mut cart = self.open_cart(scope, &tx, key).await?;
        let stored = cart.lines.clone();
        let prices = self
            .prices(scope, &tenant, &tx, &cart, Some(variant))
            .await?;
        let offer = prices
            .offers
            .iter()
            .find(|offer| offer.variant == variant && offer.is_on_sale())
            .ok_or(OrdersError::NotForSale)?;
        if offer.price.currency != cart.currency {
            return Err(OrdersError::NoPrice {
                names: full_name(offer),
                currency: cart.currency,
            });
        }
        let full = cart.lines.len() >= MAX_LINES;
        match cart.lines.iter_mut().find(|line| line.variant == variant) {
            Some(line) => {
                line.quantity += quantity;
                check_quantity(line.quantity)?;
            }
            None if full => return Err(OrdersError::TooManyLines),
            None => cart.lines.push(CartLine {
                id: CartLineId::new(now),
                variant,
                quantity,
                seen_price: offer.price.minor,
            }),
        }
        let answer = self.write_cart(scope, &tx, cart, &stored, &prices).await?;
        Ok(tx.commit_with(answer).await?)
    }

    /// Sets how many pieces a line has; none removes it.
    pub async fn set_line(
        &self,
        scope: &Scope,
        key: &CartKey,
        line: CartLineId,
        quantity: Option<i64>,
    ) -> Result<CartAnswer, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let tx = self.database.begin_write(scope, "cart.set_line").await?;
        let mut cart = self.open_cart(scope, &tx, key).await?;
        let stored = cart.lines.clone();
        let at = cart
            .lines
            .iter()
            .position(|known| known.id == line)
            .ok_or(OrdersError::LineNotFound)?;
        if let Some(quantity) = quantity {
            check_quantity(quantity)?;
            cart.lines[at].quantity = quantity;
        } else {
            cart.lines.remove(at);
            let (sql, values) = carts::delete_line(cart.id, line);
            tx.run(sql, values).await?;
        }
        let prices = self.prices(scope, &tenant, &tx, &cart, None).await?;
        let answer = self.write_cart(scope, &tx, cart, &stored, &prices).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// Changes addresses, mail address and shipping method of a cart.
    pub async fn change_cart(
        &self,
        scope: &Scope,
        key: &CartKey,
        change: GivenCartChange,
    ) -> Result<CartAnswer, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let tx = self.database.begin_write(scope, "cart.change").await?;
        let cart = self.open_cart(scope, &tx, key).await?;
        let cart = cart.changed(self.change_of(scope, &tx, change).await?);
        let stored = cart.lines.clone();
        let prices = self.prices(scope, &tenant, &tx, &cart, None).await?;
        if let Some(code) = &cart.shipping_method
            && !prices.ways.iter().any(|way| way.method.code == *code)
        {
            return Err(OrdersError::ShippingUnavailable);
        }
        let answer = self.write_cart(scope, &tx, cart, &stored, &prices).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// The change, with the addresses that are meant.
    pub(crate) async fn change_of(
        &self,
        scope: &Scope,
        tx: &Transaction,
        given: GivenCartChange,
    ) -> Result<CartChange, OrdersError> {
        let mut change = CartChange {
            email: given.email,
            shipping_method: given.shipping_method,
            ..CartChange::default()
        };
        for (given, address) in [
            (given.shipping_address, &mut change.shipping_address),
            (given.billing_address, &mut change.billing_address),
        ] {
            *address = match given {
                Some(Some(given)) => Some(Some(self.resolve_address(scope, tx, given).await?)),
                Some(None) => Some(None),
                None => None,
            };
        }
        Ok(change)
    }

    /// The caller's cart, locked, if it can be changed.
    pub(crate) async fn open_cart(
        &self,
        scope: &Scope,
        tx: &Transaction,
        key: &CartKey,
    ) -> Result<Cart, OrdersError> {
        let cart = carts::lock(tx, key.id)
            .await?
            .ok_or(OrdersError::CartNotFound)?;
        self.check_cart(scope, &cart, key.token.as_deref())?;
        cart.require_open()?;
        Ok(cart)
    }

    /// Writes a cart, as far as it is not stored like that, and tells what it
    /// costs. What differs from what was seen before is in the answer, and from
    /// now on counts as seen.
    pub(crate) async fn write_cart(
        &self,
        scope: &Scope,
        tx: &Transaction,
        mut cart: Cart,
        stored: &[CartLine],
        prices: &Prices,
    ) -> Result<CartAnswer, OrdersError> {
        let now = self.now();
        let priced = price(cart.clone(), prices)?;
        cart.seen_discount = priced.totals.discount.minor;
        for (coupon, now) in cart.coupons.iter_mut().zip(&priced.coupons) {
            coupon.applied = now.refusal.is_none();
        }
        let mut batch = Batch::new();
        for line in &cart.lines {
            let offer = prices
                .offers
                .iter()
                .find(|o| o.variant == line.variant && o.price.currency == cart.currency);
            let seen = CartLine {
                seen_price: offer.map_or(line.seen_price, |offer| offer.price.minor),
                ..*line
            };
            if !stored.contains(&seen) {
                batch.add(carts::put_line(cart.id, &seen, now));
            }
        }
        batch.add(carts::update(&cart, now));
        batch.run(tx).await?;
        cart.version += 1;
        cart.updated_at = now;
        let token = self.cart_token(scope, &cart);
        Ok(CartAnswer {
            priced: PricedCart { cart, ..priced },
            token,
        })
    }

    async fn answer_new(
        &self,
        scope: &Scope,
        tenant: &Tenant,
        cart: Cart,
    ) -> Result<CartAnswer, OrdersError> {
        if cart.lines.is_empty() {
            let prices = Prices::of_nothing(tenant, cart.currency, self.now());
            return self.answer(scope, cart, &prices);
        }
        let db = self.database.read(scope).await?;
        let prices = self.prices(scope, tenant, &db, &cart, None).await?;
        drop(db);
        self.answer(scope, cart, &prices)
    }

    pub(crate) fn answer(
        &self,
        scope: &Scope,
        cart: Cart,
        prices: &Prices,
    ) -> Result<CartAnswer, OrdersError> {
        let token = self.cart_token(scope, &cart);
        Ok(CartAnswer {
            priced: price(cart, prices)?,
            token,
        })
    }
}
