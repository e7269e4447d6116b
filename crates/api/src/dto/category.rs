//! Categories.

use catalog_model::category::Category;
use catalog_model::offer::CategoryName;
use kernel::CategoryId;
use serde::Serialize;
use utoipa::ToSchema;

use super::choices::StatusDto;

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
