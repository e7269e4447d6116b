//! Hosted services: their categories, templates and plans. How much of a plan
//! can be sold is known to the domain of credits, which composes both.

mod categories;
mod plans;
mod services;

pub use catalog_repository::hosting::services::Filter as ServiceFilter;
