//! What a cart costs now.

use std::sync::Arc;

use accounts_model::tenant::{PlatformFee, Tenant};
use catalog_model::offer::Offer;
use catalog_model::product::ProductKind;
use database::Scoped;
use kernel::{Money, Scope, VariantId};
use orders_model::OrdersError;
use orders_model::cart::{Cart, PricedCart, price_lines};
use orders_model::shipping::ShippingMethod;
use orders_model::totals::Totals;

use crate::Orders;

/// What a cart is priced with.
pub(crate) struct Prices {
    pub(crate) offers: Vec<Offer>,
    pub(crate) methods: Arc<Vec<ShippingMethod>>,
    pub(crate) fee: PlatformFee,
}

impl Prices {
    /// What a cart without lines is priced with.
    pub(crate) fn of_nothing(tenant: &Tenant) -> Self {
        Self {
            offers: Vec::new(),
            methods: Arc::default(),
            fee: tenant.settings.platform_fee,
        }
    }
}

impl Orders {
    /// What a cart is priced with: the offers of its variants and of one more,
    /// the ways of shipping, and the fee of its tenant, which was read before
    /// the connection was taken.
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
            offers: self.catalog.offers_in_tx(db, &variants).await?,
            methods: self.shipping_methods_cached(scope, db).await?,
            fee: tenant.settings.platform_fee,
        })
    }
}

/// A cart with what it costs now.
pub(crate) fn price(cart: Cart, prices: &Prices) -> Result<PricedCart, OrdersError> {
    let lines = price_lines(&cart, &prices.offers)?;
    let subtotal = Money::sum(lines.iter().map(|line| line.total), cart.currency)?;
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
    let shipping = needs_shipping
        .then(|| quote(&cart, &prices.methods, subtotal, weight_grams))
        .flatten();
    Ok(PricedCart {
        totals: Totals::of(subtotal, shipping, prices.fee)?,
        lines,
        weight_grams,
        needs_shipping,
        cart,
    })
}

/// What the chosen method costs for the chosen address.
fn quote(
    cart: &Cart,
    methods: &[ShippingMethod],
    subtotal: Money,
    weight_grams: i64,
) -> Option<Money> {
    let code = cart.shipping_method.as_ref()?;
    let country = &cart.shipping_address.as_ref()?.country;
    methods
        .iter()
        .find(|method| method.code == *code)?
        .quote(subtotal, weight_grams, country)
}
