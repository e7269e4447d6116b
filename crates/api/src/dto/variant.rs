//! Variants and their stock.

use std::collections::BTreeMap;

use catalog_model::bundle::Component;
use catalog_model::offer::StockedVariant;
use catalog_model::stock::shown;
use kernel::{ProductId, StockItemId, Timestamp, VariantId};
use serde::Serialize;
use utoipa::ToSchema;

use super::choices::{AvailabilityDto, StatusDto, SupplyDto};
use super::money::MoneyDto;

/// What is in a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BundleComponent)]
pub(crate) struct ComponentDto {
    /// Which variant.
    #[schema(value_type = String)]
    variant_id: VariantId,
    /// The stock keeping unit.
    sku: String,
    /// What the product is called.
    name: String,
    /// What tells the variant apart.
    title: String,
    /// How many are in one bundle.
    quantity: i64,
}

impl From<Component> for ComponentDto {
    fn from(component: Component) -> Self {
        Self {
            variant_id: component.variant,
            sku: component.sku,
            name: component.name,
            title: component.title,
            quantity: component.quantity,
        }
    }
}

/// What is in a bundle, as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminBundleComponent)]
pub(crate) struct AdminComponentDto {
    /// Which variant.
    #[schema(value_type = String)]
    variant_id: VariantId,
    /// Of which product.
    #[schema(value_type = String)]
    product_id: ProductId,
    /// The stock keeping unit.
    sku: String,
    /// What the product is called.
    name: String,
    /// What tells the variant apart.
    title: String,
    /// How many are in one bundle.
    quantity: i64,
    /// How many of it can still be promised of what is there; null when it is
    /// not counted.
    available: Option<i64>,
    /// Whether it, or its product, is archived: then the bundle is not sold.
    archived: bool,
}

impl From<Component> for AdminComponentDto {
    fn from(component: Component) -> Self {
        Self {
            variant_id: component.variant,
            product_id: component.product,
            sku: component.sku,
            name: component.name,
            title: component.title,
            quantity: component.quantity,
            available: component.pile.map(|pile| pile.available),
            archived: component.archived,
        }
    }
}

/// A variant as the public sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Variant)]
pub(crate) struct VariantDto {
    /// Which; what goes into a cart.
    #[schema(value_type = String, example = "var_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: VariantId,
    /// The stock keeping unit.
    #[schema(example = "TR2-RED-42")]
    sku: String,
    /// What tells it apart.
    #[schema(example = "Red / 42")]
    title: String,
    /// Its size.
    size: Option<String>,
    /// Other options.
    options: BTreeMap<String, String>,
    /// What is in it, if it is a bundle; empty for all others.
    components: Vec<ComponentDto>,
    /// What one costs.
    price: MoneyDto,
    /// What one cost before, where that is to be shown; above the price.
    compare_at_price: Option<MoneyDto>,
    /// What one weighs when shipped, in grams.
    weight_grams: i64,
    /// Whether it can be bought now.
    availability: AvailabilityDto,
    /// How many can be bought, when that is at most 10.
    left: Option<i64>,
    /// From when on it is expected to be there, of what can be bought before
    /// it is; null also when nobody knows.
    #[schema(value_type = Option<String>, format = DateTime)]
    available_at: Option<Timestamp>,
}

impl From<StockedVariant> for VariantDto {
    fn from(stocked: StockedVariant) -> Self {
        let (available, supply) = stocked.available();
        let seen = shown(available, supply);
        let variant = stocked.variant;
        Self {
            id: variant.id,
            sku: variant.sku,
            title: variant.title,
            size: variant.size,
            options: variant.options,
            components: stocked.components.into_iter().map(Into::into).collect(),
            price: variant.price.into(),
            compare_at_price: variant.compare_at.map(Into::into),
            weight_grams: variant.weight_grams,
            availability: seen.availability.into(),
            left: seen.left,
            available_at: seen.available_at,
        }
    }
}

/// What is in stock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stock)]
pub(crate) struct StockDto {
    /// The pile; variants of a `flat` product name the same one.
    #[schema(value_type = String, example = "stk_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: StockItemId,
    /// How many are there.
    on_hand: i64,
    /// How many are promised to orders.
    reserved: i64,
    /// How many can still be promised of what is there; below zero when more
    /// are promised.
    available: i64,
    /// How many of those that are promised are not there yet.
    backordered: i64,
    /// From which number of available pieces on it is low; null for the
    /// shop's.
    low_stock_threshold: Option<i64>,
    /// Whether it is low.
    is_low: bool,
    /// Whether more is sold than there is.
    supply: SupplyDto,
    /// How many more.
    backorder_limit: i64,
    /// From when on these are expected to be there.
    #[schema(value_type = Option<String>, format = DateTime)]
    available_at: Option<Timestamp>,
}

impl From<catalog_model::stock::StockItem> for StockDto {
    fn from(item: catalog_model::stock::StockItem) -> Self {
        Self {
            id: item.id,
            on_hand: item.on_hand,
            reserved: item.reserved,
            available: item.available(),
            backordered: item.owed,
            low_stock_threshold: item.low_at,
            is_low: item.available() <= item.low_up_to,
            supply: item.supply.mode.into(),
            backorder_limit: item.supply.beyond,
            available_at: item.supply.available_at,
        }
    }
}

/// A variant as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminVariant)]
pub(crate) struct AdminVariantDto {
    /// Which.
    #[schema(value_type = String)]
    id: VariantId,
    /// Of which product.
    #[schema(value_type = String)]
    product_id: ProductId,
    /// The stock keeping unit.
    sku: String,
    /// What tells it apart.
    title: String,
    /// Its size.
    size: Option<String>,
    /// Other options.
    options: BTreeMap<String, String>,
    /// What one costs.
    price: MoneyDto,
    /// What one cost before, where that is to be shown; above the price.
    compare_at_price: Option<MoneyDto>,
    /// What one weighs when shipped, in grams.
    weight_grams: i64,
    /// Whether it is sold.
    status: StatusDto,
    /// Its place among its siblings.
    position: i64,
    /// What is in stock; null when nothing is counted, and for bundles.
    stock: Option<StockDto>,
    /// What is in it, if it is a bundle; empty for all others.
    components: Vec<AdminComponentDto>,
    /// Of bundles, how many can be promised of what there is of their
    /// components; null for all others, and when none of these is counted.
    bundles_available: Option<i64>,
    /// Of bundles, how many pieces lie on the pile that the variant had before
    /// it was one: they came back from orders of that time, and are not sold
    /// until they are the variant's again. Null for all others, and where that
    /// pile is shared.
    set_aside: Option<i64>,
    /// Grows with every change; also the `ETag`.
    version: i64,
}

impl From<StockedVariant> for AdminVariantDto {
    fn from(stocked: StockedVariant) -> Self {
        let is_bundle = stocked.variant.bundle;
        let bundles_available = stocked.available().0.filter(|_| is_bundle);
        let variant = stocked.variant;
        Self {
            id: variant.id,
            product_id: variant.product,
            sku: variant.sku,
            title: variant.title,
            size: variant.size,
            options: variant.options,
            price: variant.price.into(),
            compare_at_price: variant.compare_at.map(Into::into),
            weight_grams: variant.weight_grams,
            status: variant.status.into(),
            position: variant.position,
            stock: stocked.stock.map(Into::into),
            components: stocked.components.into_iter().map(Into::into).collect(),
            bundles_available,
            set_aside: stocked.set_aside,
            version: variant.version,
        }
    }
}
