//! A service that is hosted for customers.

use kernel::{Audited, ServiceCategoryId, ServiceId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::errors::HostingError;
use super::template::ServiceTemplate;

/// Whether a service is shown and can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ServiceStatus {
    /// Not yet.
    Draft,
    /// It is.
    Active,
    /// Not any more; what runs goes on.
    Archived,
}

/// A service that is hosted for customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Which.
    pub id: ServiceId,
    /// What it is sorted by.
    pub category: Option<ServiceCategoryId>,
    /// Its name in URLs.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Whether it is shown.
    pub status: ServiceStatus,
    /// What runs for a customer.
    pub template: ServiceTemplate,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Service {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        let template = serde_json::to_string(&self.template).unwrap_or_default();
        Snapshot::new()
            .with("category", self.category)
            .with_public_text("slug", Some(&self.slug))
            .with_public_text("name", Some(&self.name))
            .with_digest("description", &self.description)
            .with("status", status)
            .with_public_text("image", Some(&self.template.image))
            .with_digest("template", &template)
            .with("version", self.version)
    }
}

/// A service to make.
#[derive(Debug, Clone)]
pub struct NewService {
    /// What it is sorted by.
    pub category: Option<ServiceCategoryId>,
    /// Its name in URLs; made from the name when there is none.
    pub slug: Option<String>,
    /// What it is called.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Whether it is shown.
    pub status: ServiceStatus,
    /// What runs for a customer.
    pub template: ServiceTemplate,
}

/// A change of a service; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceChange {
    /// What it is sorted by; `Some(None)` takes it out of its group.
    pub category: Option<Option<ServiceCategoryId>>,
    /// Its name in URLs.
    pub slug: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Whether it is shown.
    pub status: Option<ServiceStatus>,
    /// What runs for a customer, as a whole.
    pub template: Option<ServiceTemplate>,
}

impl Service {
    /// The service that was asked for.
    ///
    /// # Errors
    /// [`HostingError::Template`], [`HostingError::InvalidSlug`].
    pub fn new(new: NewService, now: Timestamp) -> Result<Self, HostingError> {
        new.template.check().map_err(HostingError::Template)?;
        Ok(Self {
            id: ServiceId::new(now),
            category: new.category,
            slug: super::errors::slug_for(new.slug, &new.name)?,
            name: new.name,
            description: new.description,
            status: new.status,
            template: new.template,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The service after a change.
    ///
    /// # Errors
    /// As [`Service::new`].
    pub fn changed(mut self, change: ServiceChange, now: Timestamp) -> Result<Self, HostingError> {
        self.category = change.category.unwrap_or(self.category);
        self.name = change.name.unwrap_or(self.name);
        if let Some(slug) = change.slug {
            self.slug = super::errors::slug_for(Some(slug), &self.name)?;
        }
        self.description = change.description.unwrap_or(self.description);
        self.status = change.status.unwrap_or(self.status);
        if let Some(template) = change.template {
            template.check().map_err(HostingError::Template)?;
            self.template = template;
        }
        self.version += 1;
        self.updated_at = now;
        Ok(self)
    }
}

/// A service as the public names it: by id or by slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceRef {
    /// By id.
    Id(ServiceId),
    /// By slug.
    Slug(String),
}

impl From<&str> for ServiceRef {
    fn from(text: &str) -> Self {
        // No slug has an underscore, and every id has one.
        text.parse()
            .map_or_else(|_| Self::Slug(text.to_owned()), Self::Id)
    }
}
