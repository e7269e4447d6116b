//! Products.

use std::collections::{BTreeMap, BTreeSet};

use catalog_model::offer::{ProductDetail, ProductSummary};
use kernel::{ProductId, SellerId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::category::CategoryNameDto;
use super::choices::{ConditionDto, KindDto, ProductStatusDto, StrategyDto};
use super::image::{AdminImageDto, ImageDto, ImageUrls};
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
    /// What its cheapest variant cost before, where that is to be shown.
    compare_at_price: Option<MoneyDto>,
    /// Whether any variant is there; what is sold before it is there does not
    /// count.
    in_stock: bool,
    /// Its first picture.
    image: Option<ImageDto>,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl ProductSummaryDto {
    pub(crate) fn new(product: ProductSummary, urls: ImageUrls<'_>) -> Self {
        let money = |amount| MoneyDto {
            amount,
            currency: product.currency,
        };
        Self {
            id: product.id,
            price_min: product.price_min.map(money),
            price_max: product.price_max.map(money),
            compare_at_price: product.compare_at.map(money),
            slug: product.slug,
            name: product.name,
            brand: product.brand,
            kind: product.kind.into(),
            condition: product.condition.into(),
            status: product.status.into(),
            in_stock: product.in_stock,
            image: product.image.map(|image| ImageDto::new(&image, urls)),
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
    /// Its pictures, in order.
    images: Vec<ImageDto>,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl ProductDto {
    pub(crate) fn new(detail: ProductDetail, urls: ImageUrls<'_>) -> Self {
        let product = detail.product;
        let image = |image| ImageDto::new(image, urls);
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
            images: detail.images.iter().map(image).collect(),
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
    /// Its pictures, in order.
    images: Vec<AdminImageDto>,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl AdminProductDto {
    pub(crate) fn new(detail: ProductDetail, urls: ImageUrls<'_>) -> Self {
        let product = detail.product;
        let image = |image| AdminImageDto::new(image, urls);
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
            images: detail.images.iter().map(image).collect(),
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}
