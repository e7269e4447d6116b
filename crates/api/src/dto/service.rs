//! Hosted services and what they are sorted by.

use catalog_model::hosting::category::ServiceCategory;
use catalog_model::hosting::service::{Service, ServiceStatus};
use kernel::{ServiceCategoryId, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::choices::StatusDto;
use super::service_template::TemplateDto;

/// Whether a service is shown and can be subscribed to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ServiceStatus)]
pub(crate) enum ServiceStatusDto {
    /// Not yet.
    Draft,
    /// It is.
    Active,
    /// Not any more; what runs goes on.
    Archived,
}

impl From<ServiceStatus> for ServiceStatusDto {
    fn from(status: ServiceStatus) -> Self {
        match status {
            ServiceStatus::Draft => Self::Draft,
            ServiceStatus::Active => Self::Active,
            ServiceStatus::Archived => Self::Archived,
        }
    }
}

impl From<ServiceStatusDto> for ServiceStatus {
    fn from(dto: ServiceStatusDto) -> Self {
        match dto {
            ServiceStatusDto::Draft => Self::Draft,
            ServiceStatusDto::Active => Self::Active,
            ServiceStatusDto::Archived => Self::Archived,
        }
    }
}

/// A category of services.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceCategory)]
pub(crate) struct ServiceCategoryDto {
    /// Which.
    #[schema(value_type = String, example = "scat_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ServiceCategoryId,
    /// Its name in URLs.
    #[schema(example = "automation")]
    slug: String,
    /// What it is called.
    #[schema(example = "Automation")]
    name: String,
    /// What is in it.
    #[schema(example = "Lets services talk to each other.")]
    description: String,
    /// Its place among the others.
    position: i64,
    /// Whether it is shown.
    status: StatusDto,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<ServiceCategory> for ServiceCategoryDto {
    fn from(category: ServiceCategory) -> Self {
        Self {
            id: category.id,
            slug: category.slug,
            name: category.name,
            description: category.description,
            position: category.position,
            status: category.status.into(),
            version: category.version,
            created_at: category.created_at,
            updated_at: category.updated_at,
        }
    }
}

/// All categories of services.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceCategoryList {
    /// In order of position and name.
    pub(crate) data: Vec<ServiceCategoryDto>,
}

/// A service that can be subscribed to.
#[derive(Serialize, ToSchema)]
#[schema(as = HostedService)]
pub(crate) struct HostedServiceDto {
    /// Which.
    #[schema(value_type = String, example = "svc_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ServiceId,
    /// What it is sorted by.
    #[schema(value_type = Option<String>, example = "scat_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    category_id: Option<ServiceCategoryId>,
    /// Its name in URLs.
    #[schema(example = "n8n")]
    slug: String,
    /// What it is called.
    #[schema(example = "n8n")]
    name: String,
    /// What it does.
    #[schema(example = "Automates workflows.")]
    description: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Service> for HostedServiceDto {
    fn from(service: Service) -> Self {
        Self {
            id: service.id,
            category_id: service.category,
            slug: service.slug,
            name: service.name,
            description: service.description,
            created_at: service.created_at,
        }
    }
}

/// A service, as those who run the shop see it.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminService)]
pub(crate) struct AdminServiceDto {
    #[serde(flatten)]
    service: HostedServiceDto,
    /// Whether it is shown.
    status: ServiceStatusDto,
    /// What runs for a customer.
    template: TemplateDto,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Service> for AdminServiceDto {
    fn from(service: Service) -> Self {
        Self {
            status: service.status.into(),
            template: service.template.clone().into(),
            version: service.version,
            updated_at: service.updated_at,
            service: service.into(),
        }
    }
}
