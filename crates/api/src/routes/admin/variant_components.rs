//! Bundles: what variants are made of.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, put};
use catalog_model::CatalogError;
use catalog_model::bundle::NewComponent;
use kernel::VariantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::variants::respond;
use crate::dto::variant::AdminVariantDto;
use crate::extract::{Caller, Json, RequiredIfMatch, id};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A component and how many of it are in one bundle.
#[derive(Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = BundleComponentRequest)]
pub(crate) struct ComponentRequest {
    /// Which variant: of the same seller, not archived, and no bundle.
    #[schema(value_type = String, example = "var_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    variant_id: VariantId,
    /// How many are in one bundle.
    #[validate(range(min = 1, max = 1_000))]
    #[schema(minimum = 1, maximum = 1_000, example = 2)]
    quantity: i64,
}

/// What a variant is made of.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentsRequest {
    /// All components, in the order in which they are shown; none for a variant
    /// that is no bundle any more.
    #[validate(length(max = 50), nested)]
    #[schema(max_items = 50)]
    components: Vec<ComponentRequest>,
}

/// Make a bundle of a variant
///
/// Replaces the list of components. A bundle has no stock of its own: as many
/// can be bought as can be made of the stock of its components. Before, the
/// variant's own stock has to be 0. Orders keep what their bundles were made of
/// when they were placed.
#[utoipa::path(tag = "admin: catalog", request_body = ComponentsRequest, params(
    ("variant_id" = String, Path, description = "The variant."),
    ("If-Match" = String, Header, description = "The variant's version, in quotes."),
), responses(
    (status = 200, description = "The variant.", body = AdminVariantDto, headers(("ETag" = String, description = "The version."))),
))]
#[put("/api/admin/catalog/variants/{variant_id}/components")]
pub(crate) async fn put_components(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<ComponentsRequest>,
) -> Result<HttpResponse, ApiError> {
    let variant = id(&path, CatalogError::VariantNotFound)?;
    let components: Vec<NewComponent> = body
        .0
        .components
        .into_iter()
        .map(|one| NewComponent {
            variant: one.variant_id,
            quantity: one.quantity,
        })
        .collect();
    let variant = state
        .catalog
        .set_components(&caller.0, variant, &components, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), variant))
}
