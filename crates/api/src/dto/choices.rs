//! The choices that products, categories and variants have.

use catalog_model::category::CategoryStatus;
use catalog_model::product::{Condition, InventoryStrategy, ProductKind, ProductStatus};
use catalog_model::stock::Availability;
use catalog_model::supply::SupplyMode;
use catalog_model::variant::VariantStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Availability)]
pub(crate) enum AvailabilityDto {
    /// There is enough.
    InStock,
    /// There are few left.
    LowStock,
    /// There is none, and it can be bought: more comes.
    Backorder,
    /// It can be bought before it is out.
    Preorder,
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
            Availability::Backorder => Self::Backorder,
            Availability::Preorder => Self::Preorder,
            Availability::OutOfStock => Self::OutOfStock,
        }
    }
}

/// Whether more is sold than there is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Supply)]
pub(crate) enum SupplyDto {
    /// Only what is there.
    Stock,
    /// More comes, and is sold already.
    Backorder,
    /// It is not out yet; from its day on only what is there is sold.
    Preorder,
}

impl From<SupplyMode> for SupplyDto {
    fn from(mode: SupplyMode) -> Self {
        match mode {
            SupplyMode::Stock => Self::Stock,
            SupplyMode::Backorder => Self::Backorder,
            SupplyMode::Preorder => Self::Preorder,
        }
    }
}

impl From<SupplyDto> for SupplyMode {
    fn from(dto: SupplyDto) -> Self {
        match dto {
            SupplyDto::Stock => Self::Stock,
            SupplyDto::Backorder => Self::Backorder,
            SupplyDto::Preorder => Self::Preorder,
        }
    }
}
