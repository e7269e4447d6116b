//! Categories, products, variants, as the public and as administrators see
//! them.

use std::collections::{BTreeMap, BTreeSet};

use catalog_model::category::{Category, CategoryStatus};
use catalog_model::offer::{CategoryName, ProductDetail, ProductSummary, StockedVariant};
use catalog_model::product::{Condition, InventoryStrategy, ProductKind, ProductStatus};
use catalog_model::stock::{Availability, shown};
use catalog_model::variant::VariantStatus;
use kernel::{CategoryId, ProductId, SellerId, StockItemId, Timestamp, VariantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::MoneyDto;

/// What kind of thing a product is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProductKind)]
pub(crate) enum KindDto {
    /// Is shipped, and has stock.
    Goods,
    /// Is rendered.
    Service,
    /// Is downloaded.
    Download,
}

/// Whether a product had an owner before.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Condition)]
pub(crate) enum ConditionDto {
    /// It had none.
    New,
    /// It had.
    Used,
}

/// Whether a product is shown and sold.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProductStatus)]
pub(crate) enum ProductStatusDto {
    /// Not yet.
    Draft,
    /// It is.
    Active,
    /// Not any more.
    Archived,
}

/// Whether a category or variant is shown.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Status)]
pub(crate) enum StatusDto {
    /// It is.
    Active,
    /// Not any more.
    Archived,
}

/// Where the stock of a product is counted.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InventoryStrategy)]
pub(crate) enum StrategyDto {
    /// One pile that all variants draw from.
    Flat,
    /// Each variant has its own.
    PerSize,
}

/// What the public is told about stock.
#[expect(clippy::enum_variant_names, reason = "the words of the contract")]
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Availability)]
pub(crate) enum AvailabilityDto {
    /// There is enough.
    InStock,
    /// There are few left.
    LowStock,
    /// There is none.
    OutOfStock,
}

impl From<ProductKind> for KindDto {
    fn from(kind: ProductKind) -> Self {
        match kind {
            ProductKind::Goods => Self::Goods,
            ProductKind::Service => Self::Service,
            ProductKind::Download => Self::Download,
        }
    }
}

impl From<KindDto> for ProductKind {
    fn from(dto: KindDto) -> Self {
        match dto {
            KindDto::Goods => Self::Goods,
            KindDto::Service => Self::Service,
            KindDto::Download => Self::Download,
        }
    }
}

impl From<Condition> for ConditionDto {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::New => Self::New,
            Condition::Used => Self::Used,
        }
    }
}

impl From<ConditionDto> for Condition {
    fn from(dto: ConditionDto) -> Self {
        match dto {
            ConditionDto::New => Self::New,
            ConditionDto::Used => Self::Used,
        }
    }
}

impl From<ProductStatus> for ProductStatusDto {
    fn from(status: ProductStatus) -> Self {
        match status {
            ProductStatus::Draft => Self::Draft,
            ProductStatus::Active => Self::Active,
            ProductStatus::Archived => Self::Archived,
        }
    }
}

impl From<ProductStatusDto> for ProductStatus {
    fn from(dto: ProductStatusDto) -> Self {
        match dto {
            ProductStatusDto::Draft => Self::Draft,
            ProductStatusDto::Active => Self::Active,
            ProductStatusDto::Archived => Self::Archived,
        }
    }
}

impl From<CategoryStatus> for StatusDto {
    fn from(status: CategoryStatus) -> Self {
        match status {
            CategoryStatus::Active => Self::Active,
            CategoryStatus::Archived => Self::Archived,
        }
    }
}

impl From<StatusDto> for CategoryStatus {
    fn from(dto: StatusDto) -> Self {
        match dto {
            StatusDto::Active => Self::Active,
            StatusDto::Archived => Self::Archived,
        }
    }
}

impl From<VariantStatus> for StatusDto {
    fn from(status: VariantStatus) -> Self {
        match status {
            VariantStatus::Active => Self::Active,
            VariantStatus::Archived => Self::Archived,
        }
    }
}

impl From<StatusDto> for VariantStatus {
    fn from(dto: StatusDto) -> Self {
        match dto {
            StatusDto::Active => Self::Active,
            StatusDto::Archived => Self::Archived,
        }
    }
}

impl From<InventoryStrategy> for StrategyDto {
    fn from(strategy: InventoryStrategy) -> Self {
        match strategy {
            InventoryStrategy::Flat => Self::Flat,
            InventoryStrategy::PerSize => Self::PerSize,
        }
    }
}

impl From<StrategyDto> for InventoryStrategy {
    fn from(dto: StrategyDto) -> Self {
        match dto {
            StrategyDto::Flat => Self::Flat,
            StrategyDto::PerSize => Self::PerSize,
        }
    }
}

impl From<Availability> for AvailabilityDto {
    fn from(availability: Availability) -> Self {
        match availability {
            Availability::InStock => Self::InStock,
            Availability::LowStock => Self::LowStock,
            Availability::OutOfStock => Self::OutOfStock,
        }
    }
}

/// A node of the category tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub(crate) struct CategoryDto {
    /// Which.
    #[schema(value_type = String, example = "cat_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: CategoryId,
    /// The node above; null for a root.
    #[schema(value_type = Option<String>)]
    parent_id: Option<CategoryId>,
    /// Its name in URLs.
    #[schema(example = "running-shoes")]
    slug: String,
    /// What it is called.
    #[schema(example = "Running shoes")]
    name: String,
    /// What is in it.
    description: String,
    /// Its place among its siblings.
    position: i64,
    /// Whether it is shown.
    status: StatusDto,
    /// Grows with every change; also the `ETag`.
    version: i64,
}

impl From<Category> for CategoryDto {
    fn from(category: Category) -> Self {
        Self {
            id: category.id,
            parent_id: category.parent,
            slug: category.slug,
            name: category.name,
            description: category.description,
            position: category.position,
            status: category.status.into(),
            version: category.version,
        }
    }
}

/// A category, as a product names it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryName)]
pub(crate) struct CategoryNameDto {
    /// Which.
    #[schema(value_type = String)]
    id: CategoryId,
    /// Its name in URLs.
    slug: String,
    /// What it is called.
    name: String,
}

impl From<CategoryName> for CategoryNameDto {
    fn from(name: CategoryName) -> Self {
        Self {
            id: name.id,
            slug: name.slug,
            name: name.name,
        }
    }
}

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
    /// What one costs.
    price: MoneyDto,
    /// What one weighs when shipped, in grams.
    weight_grams: i64,
    /// Whether it can be bought now.
    availability: AvailabilityDto,
    /// How many are left, when that is at most 10.
    left: Option<i64>,
}

impl From<StockedVariant> for VariantDto {
    fn from(stocked: StockedVariant) -> Self {
        let seen = shown(stocked.stock.map(|stock| stock.available()));
        let variant = stocked.variant;
        Self {
            id: variant.id,
            sku: variant.sku,
            title: variant.title,
            size: variant.size,
            options: variant.options,
            price: variant.price.into(),
            weight_grams: variant.weight_grams,
            availability: seen.availability.into(),
            left: seen.left,
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

/// What is in stock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stock)]
pub(crate) struct StockDto {
    /// The pile; variants of a `flat` product name the same one.
    #[schema(value_type = String, example = "stk_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: StockItemId,
    /// How many are there.
    on_hand: i64,
    /// How many of them are promised to orders.
    reserved: i64,
    /// How many can still be promised.
    available: i64,
}

impl From<catalog_model::stock::StockItem> for StockDto {
    fn from(item: catalog_model::stock::StockItem) -> Self {
        Self {
            id: item.id,
            on_hand: item.on_hand,
            reserved: item.reserved,
            available: item.available(),
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
    /// What one weighs when shipped, in grams.
    weight_grams: i64,
    /// Whether it is sold.
    status: StatusDto,
    /// Its place among its siblings.
    position: i64,
    /// What is in stock; null when nothing is counted.
    stock: Option<StockDto>,
    /// Grows with every change; also the `ETag`.
    version: i64,
}

impl From<StockedVariant> for AdminVariantDto {
    fn from(stocked: StockedVariant) -> Self {
        let variant = stocked.variant;
        Self {
            id: variant.id,
            product_id: variant.product,
            sku: variant.sku,
            title: variant.title,
            size: variant.size,
            options: variant.options,
            price: variant.price.into(),
            weight_grams: variant.weight_grams,
            status: variant.status.into(),
            position: variant.position,
            stock: stocked.stock.map(Into::into),
            version: variant.version,
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
