//! Size runs: the variants of a product from lists of options.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use catalog_model::CatalogError;
use catalog_model::matrix::{Combination, Matrix, OptionList, Plan};
use kernel::VariantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::variants::check_prices;
use crate::dto::choices::StatusDto;
use crate::dto::money::MoneyDto;
use crate::extract::{Caller, Json, id, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// An option and its values.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = MatrixOption)]
pub(crate) struct MatrixOptionRequest {
    /// What it is called; `size` is the size of the variants.
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "colour")]
    name: String,
    /// Its values, in the order in which they are shown.
    #[validate(length(min = 1, max = 200), custom(function = values))]
    #[schema(min_items = 1, max_items = 200, example = json!(["Red", "Blue"]))]
    values: Vec<String>,
}

fn values(values: &[String]) -> Result<(), ValidationError> {
    for value in values {
        line(value)?;
        if !(1..=500).contains(&value.chars().count()) {
            return Err(ValidationError::new("length")
                .with_message("must have values of 1 to 500 characters".into()));
        }
    }
    Ok(())
}

/// The variants to make: one for each combination of values.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariantMatrixRequest {
    /// The options. Of variants in order, the last option changes first.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 10)]
    options: Vec<MatrixOptionRequest>,
    /// What SKUs look like, with the names of options in braces; made of the
    /// product's slug and all values when absent.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "TR2-{colour}-{size}")]
    sku_pattern: Option<String>,
    /// What each costs.
    price: MoneyDto,
    /// What each cost before, shown beside the price: above it.
    compare_at_price: Option<MoneyDto>,
    /// What one weighs when shipped, in grams.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    weight_grams: i64,
    /// How many there are of each, if variants have piles of their own.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    on_hand: i64,
    /// Only say what would be made.
    #[serde(default)]
    dry_run: bool,
}

/// A combination of options.
#[derive(Serialize, ToSchema)]
#[schema(as = VariantCombination)]
pub(crate) struct CombinationDto {
    /// The variant that has it; null in a dry run.
    #[schema(value_type = Option<String>, example = "var_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: Option<VariantId>,
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
    /// Whether it is sold.
    status: StatusDto,
}

impl From<Combination> for CombinationDto {
    fn from(combination: Combination) -> Self {
        Self {
            id: combination.variant,
            sku: combination.sku,
            title: combination.title,
            size: combination.size,
            options: combination.options,
            status: combination.status.into(),
        }
    }
}

/// What was made of a matrix, or would be.
#[derive(Serialize, ToSchema)]
pub(crate) struct VariantMatrix {
    /// Whether nothing was changed.
    dry_run: bool,
    /// What was made, or would be, in order.
    created: Vec<CombinationDto>,
    /// What the product had already, sold or archived; it stays as it is.
    skipped: Vec<CombinationDto>,
}

/// Make a size run
///
/// Adds a variant for each combination of the options' values that the product
/// does not have, in one transaction: all of them or none. Where each variant
/// has a pile of its own, each starts with `on_hand`. A product has at most 200
/// variants, archived ones included.
#[utoipa::path(tag = "admin: catalog", request_body = VariantMatrixRequest, params(
    ("product_id" = String, Path, description = "The product."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "Variants were made.", body = VariantMatrix),
    (status = 200, description = "It was a dry run, or the product has them all.", body = VariantMatrix),
))]
#[post("/api/admin/catalog/products/{product_id}/variants/matrix")]
pub(crate) async fn create_variant_matrix(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<VariantMatrixRequest>,
) -> Result<HttpResponse, ApiError> {
    let product = id(&path, CatalogError::ProductNotFound)?;
    let body = body.0;
    check_prices(Some(&body.price), body.compare_at_price.as_ref())?;
    let list = |option: MatrixOptionRequest| OptionList {
        name: option.name,
        values: option.values,
    };
    let matrix = Matrix {
        options: body.options.into_iter().map(list).collect(),
        sku_pattern: body.sku_pattern,
        price: body.price.into(),
        compare_at: body.compare_at_price.map(Into::into),
        weight_grams: body.weight_grams,
        on_hand: body.on_hand,
    };
    let plan = state
        .catalog
        .create_matrix(&caller.0, product, matrix, body.dry_run)
        .await?;
    Ok(answer(plan, body.dry_run))
}

fn answer(plan: Plan, dry_run: bool) -> HttpResponse {
    let mut response = if dry_run || plan.new.is_empty() {
        HttpResponse::Ok()
    } else {
        HttpResponse::Created()
    };
    response.json(VariantMatrix {
        dry_run,
        created: plan.new.into_iter().map(Into::into).collect(),
        skipped: plan.there.into_iter().map(Into::into).collect(),
    })
}
