//! What files say of piles besides how many there are.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "m0023_imported_supply",
    tables: &[],
    up: "
ALTER TABLE import_variants ADD COLUMN low_at bigint CHECK (low_at >= 0);
ALTER TABLE import_variants ADD COLUMN supply text CHECK (supply IN ('stock', 'backorder', 'preorder'));
ALTER TABLE import_variants ADD COLUMN beyond bigint CHECK (beyond >= 0);
ALTER TABLE import_variants ADD COLUMN available_at bigint;
",
};
