//! What variants cost before.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "m0016_variants",
    tables: &[],
    up: "
ALTER TABLE variants ADD COLUMN compare_at bigint CHECK (compare_at > price);
ALTER TABLE import_variants ADD COLUMN compare_at bigint CHECK (compare_at >= 0);
",
};
