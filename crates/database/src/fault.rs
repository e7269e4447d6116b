//! Turns database errors into faults, and recognises which constraint spoke.

use std::error::Error as StdError;

use kernel::Fault;
use sea_orm::{DbErr, RuntimeErr};

/// Results of sea-orm calls, turned into results of the kernel's vocabulary.
pub trait OrFault<T> {
    /// The value, or the error as a fault.
    fn or_fault(self) -> Result<T, Fault>;
}

impl<T> OrFault<T> for Result<T, DbErr> {
    fn or_fault(self) -> Result<T, Fault> {
        self.map_err(fault)
    }
}

/// The fault behind an error of sea-orm.
pub(crate) fn fault(error: DbErr) -> Fault {
    let driver = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(driver))
        | DbErr::Exec(RuntimeErr::SqlxError(driver))
        | DbErr::Query(RuntimeErr::SqlxError(driver)) => Some(driver.clone()),
        _ => None,
    };
    match driver {
        Some(driver) => from_driver(&driver).caused_by(Told::new(&driver)),
        None => Fault::permanent("database").caused_by(error),
    }
}

/// The fault behind an error of the driver.
pub(crate) fn driver_fault(context: &str, error: &sqlx::Error) -> Fault {
    let inner = from_driver(error);
    let outer = if inner.is_transient() {
        Fault::transient(context)
    } else {
        Fault::permanent(context)
    };
    outer.caused_by(Told::new(error))
}

/// What a database said, once: errors of the driver repeat it with each of
/// their causes, and PostgreSQL's name the line of its own source.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Told(String);

impl Told {
    fn new(error: &sqlx::Error) -> Self {
        Self(match error {
            sqlx::Error::Database(refusal) => match refusal.code() {
                Some(code) => format!("{} ({code})", refusal.message()),
                None => refusal.message().to_owned(),
            },
            sqlx::Error::Io(error) => error.to_string(),
            error => error.to_string(),
        })
    }
}

fn from_driver(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(refusal) => from_refusal(refusal.as_ref()),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::BeginFailed
        | sqlx::Error::WorkerCrashed => Fault::transient("database connection"),
        _ => Fault::permanent("database"),
    }
}

fn from_refusal(refusal: &dyn sqlx::error::DatabaseError) -> Fault {
    let postgres = refusal.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
    let fault = if is_transient(refusal, postgres.is_some()) {
        Fault::transient("database")
    } else {
        Fault::permanent("database")
    };
    match violated(refusal, postgres) {
        Some(constraint) => fault.violating(constraint),
        None => fault,
    }
}

/// Classes and codes after which the same statement may succeed: connection
/// trouble (08), deadlock and serialization (40), resources (53), operator
/// intervention (57), a lock that was not to be had (55P03); on SQLite BUSY and
/// LOCKED with their extensions.
fn is_transient(refusal: &dyn sqlx::error::DatabaseError, postgres: bool) -> bool {
    let Some(code) = refusal.code() else {
        return false;
    };
    if postgres {
        return ["08", "40", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class))
            || code == "55P03";
    }
    code.parse::<i32>()
        .is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

/// The name of the violated constraint in the form [`Fault::violating`] wants.
fn violated(
    refusal: &dyn sqlx::error::DatabaseError,
    postgres: Option<&sqlx::postgres::PgDatabaseError>,
) -> Option<String> {
    let name = match postgres {
        Some(refusal) => refusal.constraint().map(str::to_owned),
        None => sqlite_constraint(refusal.message()),
    }?;
    Some(canonical(&name))
}

/// `UNIQUE constraint failed: products.tenant_id, products.slug` becomes
/// `uq_products__slug`; `CHECK constraint failed: ck_name` becomes `ck_name`.
fn sqlite_constraint(message: &str) -> Option<String> {
    if let Some((_, name)) = message.split_once("CHECK constraint failed: ") {
        return Some(name.trim().to_owned());
    }
    if let Some((_, name)) = message.split_once("UNIQUE constraint failed: index '") {
        return Some(name.trim_end_matches('\'').to_owned());
    }
    let (_, columns) = message.split_once("UNIQUE constraint failed: ")?;
    let mut table = None;
    let mut names = Vec::new();
    for column in columns.split(", ") {
        let (owner, name) = column.trim().split_once('.')?;
        table.get_or_insert(owner);
        if name != "tenant_id" {
            names.push(name);
        }
    }
    Some(format!("uq_{}__{}", table?, names.join("__")))
}

/// `uq_products__slug` becomes `products(slug)`; other names stay.
fn canonical(name: &str) -> String {
    match name
        .strip_prefix("uq_")
        .and_then(|rest| rest.split_once("__"))
    {
        Some((table, columns)) => format!("{table}({})", columns.replace("__", ",")),
        None => name.to_owned(),
    }
}

/// A fault that wraps any other error, for the crate's own use.
pub(crate) fn permanent(context: &str, error: impl StdError + Send + Sync + 'static) -> Fault {
    Fault::permanent(context).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_name_a_constraint_alike() {
        for (message, name) in [
            (
                "UNIQUE constraint failed: products.tenant_id, products.slug",
                "products(slug)",
            ),
            (
                "UNIQUE constraint failed: cart_lines.tenant_id, cart_lines.cart_id, cart_lines.variant_id",
                "cart_lines(cart_id,variant_id)",
            ),
            (
                "UNIQUE constraint failed: index 'uq_carts__user_id'",
                "carts(user_id)",
            ),
            (
                "CHECK constraint failed: ck_stock_enough",
                "ck_stock_enough",
            ),
        ] {
            assert_eq!(canonical(&sqlite_constraint(message).unwrap()), name);
        }
        assert_eq!(canonical("uq_products__slug"), "products(slug)");
        assert_eq!(
            canonical("uq_cart_lines__cart_id__variant_id"),
            "cart_lines(cart_id,variant_id)"
        );
    }
}
