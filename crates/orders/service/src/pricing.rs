//! What a cart costs now.

use std::sync::Arc;

use accounts_model::tenant::{PlatformFee, Tenant};
use catalog_model::offer::Offer;
use catalog_model::product::ProductKind;
use database::Scoped;
use kernel::{Currency, Money, Scope, Timestamp, VariantId};
use orders_model::OrdersError;
use orders_model::cart::Cart;
use orders_model::fees::{FeeBasis, fees};
use orders_model::priced_cart::{Notice, PricedCart, PricedCoupon, PricedLine, price_lines};
use orders_model::promotion::apply::{Basket, Candidate, Item, Outcome, Refusal, apply};
use orders_model::shipping::ShippingWay;
use orders_model::totals::Totals;

use crate::Orders;

/// What a cart is priced with.
pub(crate) struct Prices {
    pub(crate) offers: Vec<Offer>,
    pub(crate) ways: Arc<Vec<ShippingWay>>,
    pub(crate) fee: PlatformFee,
    /// The promotions that may apply.
    pub(crate) candidates: Vec<Candidate>,
    /// When.
    pub(crate) now: Timestamp,
}

impl Prices {
    /// What a cart without lines is priced with.
    pub(crate) fn of_nothing(tenant: &Tenant, currency: Currency, now: Timestamp) -> Self {
        Self {
            offers: Vec::new(),
            ways: Arc::default(),
            fee: tenant.settings.fee_in(currency),
            candidates: Vec::new(),
            now,
        }
    }
}

impl Orders {
    /// What a cart is priced with: the offers of its variants and of one more,
    /// the ways of shipping, promotions, and the fee of its tenant, which was
    /// read before the connection was taken.
    pub(crate) async fn prices(
        &self,
        scope: &Scope,
        tenant: &Tenant,
        db: &Scoped,
        cart: &Cart,
        more: Option<VariantId>,
    ) -> Result<Prices, OrdersError> {
        let mut variants: Vec<VariantId> = cart.lines.iter().map(|line| line.variant).collect();
        variants.extend(more);
        variants.sort_unstable();
        variants.dedup();
        Ok(Prices {
            offers: self
                .catalog
                .offers_in_tx(db, &variants, cart.currency)
                .await?,
            ways: self.shipping_ways_cached(scope, db).await?,
            fee: tenant.settings.fee_in(cart.currency),
            candidates: self.candidates(scope, db, cart).await?,
            now: self.now(),
        })
    }
}

/// A cart with what it costs now.
pub(crate) fn price(cart: Cart, prices: &Prices) -> Result<PricedCart, OrdersError> {
    let mut lines = price_lines(&cart, &prices.offers)?;
    let totals: Vec<Money> = lines.iter().map(|line| line.total).collect();
    let subtotal = Money::sum(totals.iter().copied(), cart.currency)?;
    let goods = || {
        lines.iter().filter_map(|line| {
            let offer = line.offer.as_ref()?;
            (offer.kind == ProductKind::Goods).then_some((line, offer))
        })
    };
    let needs_shipping = goods().next().is_some();
    let weight_grams = goods().fold(0i64, |sum, (line, offer)| {
        sum.saturating_add(offer.weight_grams.saturating_mul(line.line.quantity))
    });
    let basket = Basket {
        items: &lines.iter().map(item).collect::<Vec<_>>(),
        totals: &totals,
        needs_shipping,
        quote: &|goods| {
            needs_shipping
                .then(|| quote(&cart, &prices.ways, goods, weight_grams))
                .flatten()
        },
        nothing: Money::zero(cart.currency),
    };
    let outcome = apply(&basket, &prices.candidates, prices.now)?;
    for (line, discount) in lines.iter_mut().zip(&outcome.lines) {
        line.discount = *discount;
    }
    let discount = Money::sum(outcome.lines.iter().copied(), cart.currency)?;
    let mut basis = Vec::with_capacity(lines.len());
    for line in &lines {
        basis.push(FeeBasis {
            own: line
                .offer
                .as_ref()
                .and_then(|offer| offer.seller.zip(offer.seller_fee)),
            net: line.total.minus(line.discount)?,
        });
    }
    let fees = fees(prices.fee, &basis, cart.currency)?;
    for (line, fee) in lines.iter_mut().zip(&fees) {
        line.fee = *fee;
    }
    let totals = Totals::of(
        subtotal,
        discount,
        outcome.shipping,
        outcome.shipping_discount,
        Money::sum(fees, cart.currency)?,
        prices.fee.borne_by,
    )?;
    Ok(PricedCart {
        coupons: coupons_of(&cart, &prices.candidates, &outcome),
        promotions: outcome.applied,
        totals,
        lines,
        weight_grams,
        needs_shipping,
        cart,
    })
}

/// A line as promotions see it.
fn item(line: &PricedLine) -> Item {
    let offer = line.offer.as_ref();
    Item {
        product: offer
            .filter(|offer| offer.is_on_sale() && !line.notices.contains(&Notice::NoPrice))
            .map(|offer| offer.product),
        unit: offer.map_or(Money::zero(line.total.currency), |offer| offer.price),
        quantity: line.line.quantity,
    }
}

/// The codes of a cart, and why they do not apply.
fn coupons_of(cart: &Cart, candidates: &[Candidate], outcome: &Outcome) -> Vec<PricedCoupon> {
    let all = cart.coupons.iter().map(|known| {
        let is_it = |candidate: &Candidate| {
            let coupon = candidate.coupon.as_ref();
            coupon.is_some_and(|coupon| coupon.code == known.code)
        };
        let at = candidates.iter().position(is_it);
        let mut refused = outcome.refused.iter();
        PricedCoupon {
            code: known.code.clone(),
            name: at.map(|at| candidates[at].promotion.name.clone()),
            refusal: match at {
                Some(at) => refused.find(|(n, _)| *n == at).map(|(_, why)| *why),
                None => Some(Refusal::Unknown),
            },
        }
    });
    all.collect()
}

/// What the chosen method costs for the chosen address.
fn quote(cart: &Cart, ways: &[ShippingWay], goods: Money, weight_grams: i64) -> Option<Money> {
    let code = cart.shipping_method.as_ref()?;
    let address = cart.shipping_address.as_ref()?;
    ways.iter()
        .find(|way| way.method.code == *code)?
        .quote(goods, weight_grams, address)
}
