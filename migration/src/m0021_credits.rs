//! What of the credit that pays an exchange went back, or pays yet another
//! exchange.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "m0021_credits",
    tables: &[],
    up: "
ALTER TABLE orders ADD COLUMN credit_back bigint NOT NULL DEFAULT 0 CHECK (credit_back BETWEEN 0 AND exchange_credit);
",
};
