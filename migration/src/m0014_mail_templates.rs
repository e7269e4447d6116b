//! What tenants write in mails, and the language of carts and their orders.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0014_mail_templates",
    tables: &[Table::new("mail_templates", Access::Tenant)],
    up: "
CREATE TABLE mail_templates (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    kind text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL,
    body_text text NOT NULL,
    body_html text NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind, language)
);

ALTER TABLE carts ADD COLUMN language text;
",
};
