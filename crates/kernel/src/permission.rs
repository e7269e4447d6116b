//! What a caller may do: permissions, and the roles that bundle them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

/// One thing a caller may do beyond using their own account. The text form,
/// such as `catalog:write`, is what API keys are scoped by.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
pub enum Permission {
    /// See drafts and archived products, stock and movements.
    #[strum(serialize = "catalog:read")]
    #[serde(rename = "catalog:read")]
    CatalogRead,
    /// Create, edit and archive categories, products and variants.
    #[strum(serialize = "catalog:write")]
    #[serde(rename = "catalog:write")]
    CatalogWrite,
    /// Adjust stock.
    #[strum(serialize = "stock:write")]
    #[serde(rename = "stock:write")]
    StockWrite,
    /// See all orders of the tenant.
    #[strum(serialize = "orders:read")]
    #[serde(rename = "orders:read")]
    OrdersRead,
    /// Ship and cancel orders of the tenant.
    #[strum(serialize = "orders:write")]
    #[serde(rename = "orders:write")]
    OrdersWrite,
    /// Give money back.
    #[strum(serialize = "orders:refund")]
    #[serde(rename = "orders:refund")]
    OrdersRefund,
    /// Read the tenant's settings, shipping methods included.
    #[strum(serialize = "settings:read")]
    #[serde(rename = "settings:read")]
    SettingsRead,
    /// Change the tenant's settings, shipping methods included.
    #[strum(serialize = "settings:write")]
    #[serde(rename = "settings:write")]
    SettingsWrite,
    /// See the accounts of the tenant.
    #[strum(serialize = "users:read")]
    #[serde(rename = "users:read")]
    UsersRead,
    /// Change roles and disable accounts of the tenant.
    #[strum(serialize = "users:write")]
    #[serde(rename = "users:write")]
    UsersWrite,
    /// See background jobs and received webhooks of the tenant.
    #[strum(serialize = "jobs:read")]
    #[serde(rename = "jobs:read")]
    JobsRead,
    /// Retry and discard jobs, replay webhooks of the tenant.
    #[strum(serialize = "jobs:write")]
    #[serde(rename = "jobs:write")]
    JobsWrite,
    /// See clusters, what is in them, and instances.
    #[strum(serialize = "clusters:read")]
    #[serde(rename = "clusters:read")]
    ClustersRead,
    /// Register, change and delete clusters.
    #[strum(serialize = "clusters:write")]
    #[serde(rename = "clusters:write")]
    ClustersWrite,
    /// Create and change tenants: the operator's permission.
    #[strum(serialize = "tenants:manage")]
    #[serde(rename = "tenants:manage")]
    TenantsManage,
    /// See promotions and their coupons.
    #[strum(serialize = "promotions:read")]
    #[serde(rename = "promotions:read")]
    PromotionsRead,
    /// Make and change promotions and their coupons.
    #[strum(serialize = "promotions:write")]
    #[serde(rename = "promotions:write")]
    PromotionsWrite,
    /// See the figures of the tenant: revenue, visitors, best sellers.
    #[strum(serialize = "insight:read")]
    #[serde(rename = "insight:read")]
    InsightRead,
    /// Read, export and verify the audit log of the tenant.
    #[strum(serialize = "audit:read")]
    #[serde(rename = "audit:read")]
    AuditRead,
    /// See the sellers of the tenant and what is payable to them.
    #[strum(serialize = "sellers:read")]
    #[serde(rename = "sellers:read")]
    SellersRead,
    /// Make, change and archive sellers.
    #[strum(serialize = "sellers:write")]
    #[serde(rename = "sellers:write")]
    SellersWrite,
    /// See wallets, their transactions and top-ups, and quotas.
    #[strum(serialize = "credits:read")]
    #[serde(rename = "credits:read")]
    CreditsRead,
    /// Adjust, refund, freeze wallets, give credit away, and change quotas.
    #[strum(serialize = "credits:write")]
    #[serde(rename = "credits:write")]
    CreditsWrite,
    /// See subscriptions of hosted services and coupons for them.
    #[strum(serialize = "subscriptions:read")]
    #[serde(rename = "subscriptions:read")]
    SubscriptionsRead,
    /// End subscriptions, and make coupons for them.
    #[strum(serialize = "subscriptions:write")]
    #[serde(rename = "subscriptions:write")]
    SubscriptionsWrite,
}

impl Permission {
    /// The text form.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Every permission there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a permission such as \"catalog:write\"")]
pub struct UnknownPermission(pub String);

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::iter()
            .find(|permission| permission.name() == text)
            .ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u64);

impl Permissions {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Every permission; for work the system does on its own behalf.
    pub fn all() -> Self {
        Permission::iter().collect()
    }

    /// Whether the set holds a permission.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// What both sets hold.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The members, in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::iter().filter(move |&permission| self.contains(permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | 1 << permission as u64),
        )
    }
}

/// What an account is in its tenant.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys; sees and changes their own things.
    User,
    /// Sells in somebody else's shop: their own products, stock and order
    /// lines, and nothing of others. Bound to one seller.
    Seller,
    /// Runs the shop: catalog, stock, orders.
    Manager,
    /// Runs the tenant: also money back, settings, people, jobs.
    Admin,
    /// Runs the installation: an admin who also manages tenants.
    Operator,
}

impl Role {
    /// The text form, as stored.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Every role, the least first.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }

    /// What the role allows.
    pub fn permissions(self) -> Permissions {
        use Permission as P;
        match self {
            Self::User => Permissions::NONE,
            // Within what is their seller's: `Scope::may` says no to all of
            // these, and only `Scope::may_within` says yes.
            Self::Seller => [
                P::CatalogRead,
                P::CatalogWrite,
                P::StockWrite,
                P::OrdersRead,
            ]
            .into_iter()
            .collect(),
            Self::Manager => [
                P::CatalogRead,
                P::CatalogWrite,
                P::StockWrite,
                P::OrdersRead,
                P::OrdersWrite,
                P::SettingsRead,
                P::PromotionsRead,
                P::PromotionsWrite,
                P::InsightRead,
                P::SellersRead,
                P::CreditsRead,
                P::SubscriptionsRead,
                P::ClustersRead,
            ]
            .into_iter()
            .collect(),
            Self::Admin => Permission::iter()
                .filter(|&permission| permission != P::TenantsManage)
                .collect(),
            Self::Operator => Permissions::all(),
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role; use \"user\", \"seller\", \"manager\", \"admin\" or \"operator\"")]
pub struct UnknownRole(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for permission in Permission::all() {
            assert_eq!(permission.name().parse(), Ok(permission));
            assert_eq!(
                serde_json::to_value(permission).unwrap(),
                serde_json::json!(permission.name())
            );
        }
        for role in Role::all() {
            assert_eq!(role.name().parse(), Ok(role));
        }
    }

    /// The rows of the table in `docs/tenants-and-roles.md` that begin with a
    /// permission, without what it allows.
    #[test]
    fn the_guide_says_which_role_has_which_permission() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/tenants-and-roles.md"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let documented: Vec<(String, Vec<bool>)> = text
            .lines()
            .filter_map(|line| {
                let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
                let cells = rest.trim_end_matches('|').split('|').skip(1);
                let held = cells.map(|cell| cell.trim() == "✓").collect();
                Some((name.to_owned(), held))
            })
            .collect();
        let known: Vec<(String, Vec<bool>)> = Permission::all()
            .map(|permission| {
                let held = Role::all().map(|role| role.permissions().contains(permission));
                (permission.name().to_owned(), held.collect())
            })
            .collect();
        assert_eq!(documented, known);
    }

    #[test]
    fn each_role_allows_all_that_the_one_below_it_does() {
        let roles: Vec<_> = Role::all().collect();
        for pair in roles.windows(2) {
            let (below, above) = (pair[0].permissions(), pair[1].permissions());
            assert_eq!(below.intersection(above), below);
        }
        assert!(
            !Role::Admin
                .permissions()
                .contains(Permission::TenantsManage)
        );
    }
}
