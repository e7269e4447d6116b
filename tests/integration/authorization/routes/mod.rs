//! Every route of the published document, and who may use it.

mod catalog;
mod clusters;
mod orders;
mod public;
mod services;
mod subscriptions;
mod tenant;
mod wallets;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; what is behind it may ask for more, such as a password, a
    /// guest's token or a signature.
    Open,
    /// The owner of the thing, or a guest with its token, and nobody else.
    Owner,
    /// Those, and who has a permission.
    OwnerOr(&'static str),
    /// Those, and who may see the thing as well as change it. Who may only see
    /// it is refused, for all others there is no such thing.
    OwnerOrBoth {
        /// The permission to see it.
        see: &'static str,
        /// The permission to change it.
        change: &'static str,
    },
    /// Everybody who is signed in or has an API key.
    Account,
    /// People who are signed in; API keys are not enough.
    Person,
    /// Those who have the permission.
    Needs(&'static str),
    /// Those who have the permission, and those who have it for what belongs to
    /// their seller: for them there is nothing else.
    Within(&'static str),
    /// Those who belong to a seller and have the permission.
    OfSeller(&'static str),
}

use Access::Open;

const CHANGE_ORDER: Access = Access::OwnerOrBoth {
    see: "orders:read",
    change: "orders:write",
};

/// A route, what is sent to it, and who may use it. What stands in braces in
/// path and body is replaced by the ids of things.
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, as in the document.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// A body that is in order; empty for none.
    pub body: &'static str,
}

const fn get(path: &'static str, access: Access) -> Route {
    Route {
        method: "GET",
        path,
        access,
        body: "",
    }
}

const fn delete(path: &'static str, access: Access) -> Route {
    Route {
        method: "DELETE",
        path,
        access,
        body: "",
    }
}

const fn put(path: &'static str, access: Access, body: &'static str) -> Route {
    Route {
        method: "PUT",
        path,
        access,
        body,
    }
}

const fn post(path: &'static str, access: Access, body: &'static str) -> Route {
    Route {
        method: "POST",
        path,
        access,
        body,
    }
}

const fn patch(path: &'static str, access: Access, body: &'static str) -> Route {
    Route {
        method: "PATCH",
        path,
        access,
        body,
    }
}

/// Every route.
pub fn all() -> impl Iterator<Item = &'static Route> {
    let parts = [
        public::ROUTES,
        catalog::ROUTES,
        orders::ROUTES,
        tenant::ROUTES,
        wallets::ROUTES,
        subscriptions::ROUTES,
        services::ROUTES,
        clusters::ROUTES,
    ];
    parts.into_iter().flatten().chain([&LAST])
}

/// The last one, because it ends the caller's session.
const LAST: Route = post("/api/auth/logout", Open, "{}");
