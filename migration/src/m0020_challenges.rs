//! Sign-ins with a second step that were finished: the token of a first step
//! leads to one session.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0020_challenges",
    tables: &[Table::new("used_challenges", Access::Tenant)],
    up: "
CREATE TABLE used_challenges (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX ix_used_challenges_user ON used_challenges (tenant_id, user_id);
CREATE INDEX ix_used_challenges_expiry ON used_challenges (tenant_id, expires_at);
",
};
