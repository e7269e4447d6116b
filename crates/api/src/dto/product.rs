//! Products.

use std::collections::{BTreeMap, BTreeSet};

use catalog_model::offer::{ProductDetail, ProductSummary};
use kernel::{ProductId, SellerId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::category::CategoryNameDto;
use super::choices::{ConditionDto, KindDto, ProductStatusDto, StrategyDto};
use super::money::MoneyDto;
use super::variant::{AdminVariantDto, VariantDto};

/// A product as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductSummary)]
pub(crate) struct ProductSummaryDto {
    /// Which.
    #[schema(value_type = String, example = "prod_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ProductId,
    /// Its name in URLs.
    #[schema(example = "trail-runner-2")]
    slug: String,
    /// What it is called.
    #[schema(example = "Trail Runner 2")]
    name: String,
    /// Who makes it.
    brand: Option<String>,
    /// What kind of thing it is.
    kind: KindDto,
    /// Whether it had an owner before.
    condition: ConditionDto,
    /// Whether it is shown and sold.
    status: ProductStatusDto,
    /// What its cheapest variant costs; null without variants.
    price_min: Option<MoneyDto>,
    /// What its dearest variant costs; null without variants.
    price_max: Option<MoneyDto>,
    /// Whether any variant can be bought now.
    in_stock: bool,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<ProductSummary> for ProductSummaryDto {
    fn from(product: ProductSummary) -> Self {
        let money = |amount| MoneyDto {
            amount,
            currency: product.currency,
        };
        Self {
            id: product.id,
            price_min: product.price_min.map(money),
            price_max: product.price_max.map(money),
            slug: product.slug,
            name: product.name,
            brand: product.brand,
            kind: product.kind.into(),
            condition: product.condition.into(),
            status: product.status.into(),
            in_stock: product.in_stock,
            updated_at: product.updated_at,
        }
    }
}

/// A product as the public sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductDto {
    /// Which.
    #[schema(value_type = String, example = "prod_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ProductId,
    /// Its name in URLs.
    slug: String,
    /// What it is called.
    name: String,
    /// Who makes it.
    brand: Option<String>,
    /// What it is.
    description: String,
    /// What kind of thing it is.
    kind: KindDto,
    /// Whether it had an owner before.
    condition: ConditionDto,
    /// Properties such as material.
    attributes: BTreeMap<String, String>,
    /// Words to find it by.
    tags: BTreeSet<String>,
    /// The categories it is in.
    categories: Vec<CategoryNameDto>,
    /// Who sells it, where there are several sellers.
    #[schema(value_type = Option<String>)]
    seller_id: Option<SellerId>,
    /// Its variants, in order.
    variants: Vec<VariantDto>,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<ProductDetail> for ProductDto {
    fn from(detail: ProductDetail) -> Self {
        let product = detail.product;
        Self {
            id: product.id,
            slug: product.slug,
            name: product.name,
            brand: product.brand,
            description: product.description,
            kind: product.kind.into(),
            condition: product.condition.into(),
            attributes: product.attributes,
            tags: product.tags,
            categories: detail.categories.into_iter().map(Into::into).collect(),
            seller_id: product.seller,
            variants: detail.variants.into_iter().map(Into::into).collect(),
            updated_at: product.updated_at,
        }
    }
}

/// A product as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminProduct)]
pub(crate) struct AdminProductDto {
    /// Which.
    #[schema(value_type = String)]
    id: ProductId,
    /// Its name in URLs.
    slug: String,
    /// What it is called.
    name: String,
    /// Who makes it.
    brand: Option<String>,
    /// What it is.
    description: String,
    /// What kind of thing it is.
    kind: KindDto,
    /// Whether it had an owner before.
    condition: ConditionDto,
    /// Whether it is shown and sold.
    status: ProductStatusDto,
    /// Properties such as material.
    attributes: BTreeMap<String, String>,
    /// Words to find it by.
    tags: BTreeSet<String>,
    /// The categories it is in.
    categories: Vec<CategoryNameDto>,
    /// Who sells it, where there are several sellers.
    #[schema(value_type = Option<String>)]
    seller_id: Option<SellerId>,
    /// Where its stock is counted.
    inventory_strategy: StrategyDto,
    /// Its variants, in order.
    variants: Vec<AdminVariantDto>,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<ProductDetail> for AdminProductDto {
    fn from(detail: ProductDetail) -> Self {
        let product = detail.product;
        Self {
            id: product.id,
            slug: product.slug,
            name: product.name,
            brand: product.brand,
            description: product.description,
            kind: product.kind.into(),
            condition: product.condition.into(),
            status: product.status.into(),
            attributes: product.attributes,
            tags: product.tags,
            categories: detail.categories.into_iter().map(Into::into).collect(),
            seller_id: product.seller,
            inventory_strategy: product.inventory_strategy.into(),
            variants: detail.variants.into_iter().map(Into::into).collect(),
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}
