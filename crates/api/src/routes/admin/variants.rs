//! Variants, as those who sell them see them.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, HttpResponseBuilder, patch, post};
use catalog_model::CatalogError;
use catalog_model::matrix::SIZE;
use catalog_model::offer::StockedVariant;
use catalog_model::variant::{NewVariant, VariantChange, VariantStatus};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::products::{patched_texts, texts};
use crate::dto::choices::StatusDto;
use crate::dto::money::MoneyDto;
use crate::dto::patch::{present, removable};
use crate::dto::variant::AdminVariantDto;
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// The size is no option among others: nobody would find a variant by it.
fn check_names<'a>(mut names: impl Iterator<Item = &'a String>) -> Result<(), ValidationError> {
    if names.any(|name| name.trim().eq_ignore_ascii_case(SIZE)) {
        return Err(ValidationError::new("size").with_message(
            "must not have an option that is called size; send it as `size`".into(),
        ));
    }
    Ok(())
}

fn no_size(options: &BTreeMap<String, String>) -> Result<(), ValidationError> {
    check_names(options.keys())
}

/// One that is there from before may be removed.
fn no_patched_size(options: &BTreeMap<String, Option<String>>) -> Result<(), ValidationError> {
    let set = options.iter().filter(|(_, value)| value.is_some());
    check_names(set.map(|(name, _)| name))
}

/// A variant to add.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariantRequest {
    /// The stock keeping unit: unique in the shop.
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "TR2-RED-42")]
    sku: String,
    /// What tells it apart; made from size and options when absent.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// Its size.
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "42")]
    size: Option<String>,
    /// Other options, such as the colour.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = texts), custom(function = no_size))]
    options: BTreeMap<String, String>,
    /// What one costs.
    price: MoneyDto,
    /// What one cost before, shown beside the price: above it.
    compare_at_price: Option<MoneyDto>,
    /// What one weighs when shipped, in grams.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    weight_grams: i64,
    /// Its place among its siblings; after them when absent.
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    position: Option<i64>,
    /// How many there are, if the variant has a pile of its own.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    on_hand: i64,
}

/// A change of a variant; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariantPatch {
    /// The stock keeping unit.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, nullable = false)]
    sku: Option<String>,
    /// What tells it apart.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    title: Option<String>,
    /// Its size.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    size: Option<Option<String>>,
    /// Other options to set, or to remove by null.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = patched_texts), custom(function = no_patched_size))]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    options: BTreeMap<String, Option<String>>,
    /// What one costs.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    price: Option<MoneyDto>,
    /// What one cost before: above the price.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<MoneyDto>)]
    compare_at_price: Option<Option<MoneyDto>>,
    /// What one weighs when shipped, in grams.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000, nullable = false)]
    weight_grams: Option<i64>,
    /// Its place among its siblings.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, nullable = false)]
    position: Option<i64>,
    /// Whether it is sold.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
}

/// Prices are not negative, and not so large that carts overflow.
pub(super) fn check_prices(
    price: Option<&MoneyDto>,
    compare_at: Option<&MoneyDto>,
) -> Result<(), RequestError> {
    let wrong: Vec<kernel::FieldError> = [
        ("/price/amount", price),
        ("/compare_at_price/amount", compare_at),
    ]
    .into_iter()
    .filter(|(_, price)| {
        price.is_some_and(|price| !(0..=1_000_000_000_000).contains(&price.amount))
    })
    .map(|(pointer, _)| {
        kernel::FieldError::new(pointer, "range", "must be between 0 and 1000000000000")
    })
    .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(RequestError::InvalidBody(wrong))
    }
}

pub(super) fn respond(mut response: HttpResponseBuilder, variant: StockedVariant) -> HttpResponse {
    response
        .insert_header(("etag", etag(variant.variant.version)))
        .json(AdminVariantDto::from(variant))
}

/// Add a variant to a product
#[utoipa::path(tag = "admin: catalog", request_body = VariantRequest, params(
    ("product_id" = String, Path, description = "The product."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The variant.", body = AdminVariantDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/products/{product_id}/variants")]
pub(crate) async fn create_variant(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<VariantRequest>,
) -> Result<HttpResponse, ApiError> {
    let product = id(&path, CatalogError::ProductNotFound)?;
    let body = body.0;
    check_prices(Some(&body.price), body.compare_at_price.as_ref())?;
    let new = NewVariant {
        sku: body.sku,
        title: body.title,
        size: body.size,
        options: body.options,
        price: body.price.into(),
        compare_at: body.compare_at_price.map(Into::into),
        weight_grams: body.weight_grams,
        position: body.position,
        on_hand: body.on_hand,
    };
    let variant = state
        .catalog
        .create_variant(&caller.0, product, new)
        .await?;
    Ok(respond(HttpResponse::Created(), variant))
}

/// Change a variant
#[utoipa::path(tag = "admin: catalog", request_body = VariantPatch, params(
    ("variant_id" = String, Path, description = "The variant."),
    ("If-Match" = String, Header, description = "The variant's version, in quotes."),
), responses(
    (status = 200, description = "The variant.", body = AdminVariantDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/catalog/variants/{variant_id}")]
pub(crate) async fn patch_variant(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<VariantPatch>,
) -> Result<HttpResponse, ApiError> {
    let variant = id(&path, CatalogError::VariantNotFound)?;
    let body = body.0;
    let compare_at = body.compare_at_price.flatten();
    check_prices(body.price.as_ref(), compare_at.as_ref())?;
    let change = VariantChange {
        sku: body.sku,
        title: body.title,
        size: body.size,
        options: body.options,
        price: body.price.map(Into::into),
        compare_at: body
            .compare_at_price
            .map(|compare_at| compare_at.map(Into::into)),
        weight_grams: body.weight_grams,
        position: body.position,
        status: body.status.map(Into::into),
    };
    let variant = state
        .catalog
        .change_variant(&caller.0, variant, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), variant))
}

/// Archive a variant
///
/// It is not sold any more.
#[utoipa::path(tag = "admin: catalog", params(
    ("variant_id" = String, Path, description = "The variant."),
    ("If-Match" = String, Header, description = "The variant's version, in quotes."),
), responses(
    (status = 200, description = "The variant.", body = AdminVariantDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/variants/{variant_id}/archive")]
pub(crate) async fn archive_variant(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let variant = id(&path, CatalogError::VariantNotFound)?;
    let change = VariantChange {
        status: Some(VariantStatus::Archived),
        ..VariantChange::default()
    };
    let variant = state
        .catalog
        .change_variant(&caller.0, variant, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), variant))
}
