//! From when on stock is low, what is low, and what is sold before it is
//! there.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch};
use catalog_model::CatalogError;
use catalog_model::low_stock::{LowFilter, LowStock};
use catalog_model::supply::PileChange;
use kernel::{FieldError, Id, IdKind, ProductId, SellerId, StockItemId, Timestamp, VariantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::dto::choices::SupplyDto;
use crate::dto::patch::{present, removable};
use crate::dto::variant::StockDto;
use crate::extract::{Caller, Json, List, Listed, Query, id, page_request};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// What is to be true of stock besides its numbers; what is absent stays, null
/// removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct StockPatch {
    /// From which number of available pieces on it is low; null for the
    /// shop's `low_stock_threshold`.
    #[serde(default, deserialize_with = "removable")]
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1_000_000_000, example = 12)]
    low_stock_threshold: Option<Option<i64>>,
    /// Whether more is sold than there is. Back to `stock`, limit and day go.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    supply: Option<SupplyDto>,
    /// How many more.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000, nullable = false)]
    backorder_limit: Option<i64>,
    /// From when on these are expected to be there; preorders need it.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<String>, format = DateTime)]
    available_at: Option<Option<Timestamp>>,
}

/// Which piles to list.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LowStockQuery {
    /// Of one product.
    product: Option<String>,
    /// Of what one seller sells.
    seller: Option<String>,
    /// Only those of which nothing is left.
    #[param(default = false)]
    out_only: Option<bool>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A variant that draws from a pile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LowStockVariant)]
pub(crate) struct LowVariantDto {
    /// Which.
    #[schema(value_type = String)]
    id: VariantId,
    /// The stock keeping unit.
    sku: String,
    /// What tells it apart.
    title: String,
}

/// Stock that runs low.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LowStock)]
pub(crate) struct LowStockDto {
    /// The pile.
    #[schema(value_type = String)]
    stock_id: StockItemId,
    /// Of which product.
    #[schema(value_type = String)]
    product_id: ProductId,
    /// What the product is called.
    name: String,
    /// The product's name in URLs.
    slug: String,
    /// Who sells it.
    #[schema(value_type = Option<String>)]
    seller_id: Option<SellerId>,
    /// The variants that draw from it and are sold.
    variants: Vec<LowVariantDto>,
    /// How many are there.
    on_hand: i64,
    /// How many are promised to orders.
    reserved: i64,
    /// How many can still be promised of what is there.
    available: i64,
    /// From which number on that is low.
    threshold: i64,
}

impl From<LowStock> for LowStockDto {
    fn from(low: LowStock) -> Self {
        Self {
            stock_id: low.pile.id,
            product_id: low.pile.product,
            name: low.name,
            slug: low.slug,
            seller_id: low.seller,
            variants: low
                .variants
                .into_iter()
                .map(|one| LowVariantDto {
                    id: one.id,
                    sku: one.sku,
                    title: one.title,
                })
                .collect(),
            on_hand: low.pile.on_hand,
            reserved: low.pile.reserved,
            available: low.pile.available(),
            threshold: low.pile.low_up_to,
        }
    }
}

/// An id of a filter.
fn filter_id<K: IdKind>(name: &str, text: Option<&String>) -> Result<Option<Id<K>>, RequestError> {
    let id = text.map(|text| text.parse::<Id<K>>()).transpose();
    id.map_err(|error| {
        RequestError::InvalidQuery(vec![FieldError::new(name, "id", error.to_string())])
    })
}

/// Set the threshold and the supply of stock
///
/// Of the pile a variant draws from; variants of a `flat` product share one.
/// With `backorder` or `preorder`, `backorder_limit` more pieces are sold than are
/// there; with `preorder` only until `available_at`.
#[utoipa::path(tag = "admin: catalog", request_body = StockPatch, params(
    ("variant_id" = String, Path, description = "The variant."),
), responses(
    (status = 200, description = "What is in stock now.", body = StockDto),
))]
#[patch("/api/admin/catalog/variants/{variant_id}/stock")]
pub(crate) async fn patch_stock(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<StockPatch>,
) -> Result<HttpResponse, ApiError> {
    let variant = id(&path, CatalogError::VariantNotFound)?;
    let change = PileChange {
        low_at: body.0.low_stock_threshold,
        mode: body.0.supply.map(Into::into),
        beyond: body.0.backorder_limit,
        available_at: body.0.available_at,
    };
    let pile = state
        .catalog
        .change_pile(&caller.0, variant, change)
        .await?;
    Ok(HttpResponse::Ok().json(StockDto::from(pile)))
}

/// List stock that runs low, the emptiest first
///
/// What is available is at most the threshold of the variant, or that of the
/// shop. The event `stock.low` is published when that becomes so.
#[utoipa::path(tag = "admin: catalog", params(LowStockQuery), responses(
    (status = 200, description = "A page of what runs low.", body = List<LowStockDto>),
))]
#[get("/api/admin/catalog/low-stock")]
pub(crate) async fn list_low_stock(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<LowStockQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let filter = LowFilter {
        product: filter_id("/product", query.product.as_ref())?,
        seller: filter_id("/seller", query.seller.as_ref())?,
        out_only: query.out_only.unwrap_or(false),
    };
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let page = state.catalog.low_stock(&caller.0, filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, LowStockDto::from)?.response())
}
