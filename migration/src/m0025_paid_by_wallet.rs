//! What of an order is paid from its buyer's wallet.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "m0025_paid_by_wallet",
    tables: &[],
    up: "
ALTER TABLE orders ADD COLUMN wallet_credit bigint NOT NULL DEFAULT 0 CHECK (wallet_credit BETWEEN 0 AND total);
",
};
