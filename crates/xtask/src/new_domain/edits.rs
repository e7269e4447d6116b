//! Which existing files a new domain adds lines to, and where.

use anyhow::{Context as _, Result, ensure};

/// Lines that are added to a file.
pub(crate) struct Edit {
    pub(crate) file: &'static str,
    /// Where to begin to look.
    pub(crate) after: &'static str,
    /// The first one of these after that is what the lines are put before.
    pub(crate) before: &'static str,
    /// What is added, with placeholders.
    pub(crate) text: &'static str,
}

/// All edits but the one of the order of domains, which depends on the place.
pub(crate) const EDITS: &[Edit] = &[
    Edit {
        file: "Cargo.toml",
        after: "members = [",
        before: "    \"crates/gateways/*\",",
        text: "    \"crates/__domain__/*\",\n",
    },
    Edit {
        file: "Cargo.toml",
        after: "[workspace.dependencies]",
        before: "gateway-",
        text: "__domain__-model = { path = \"crates/__domain__/model\" }\n\
               __domain__-repository = { path = \"crates/__domain__/repository\" }\n\
               __domain__-service = { path = \"crates/__domain__/service\" }\n\
               __domain__-jobs = { path = \"crates/__domain__/jobs\" }\n",
    },
    Edit {
        file: "crates/kernel/src/id.rs",
        after: "\nkinds! {",
        before: "}\n",
        text: "    /// One of the __entities_words__.\n    __Entity__, __Entity__Id = \"__prefix__\";\n",
    },
    Edit {
        file: "crates/kernel/src/permission.rs",
        after: "pub enum Permission {",
        before: "    /// Create and change tenants",
        text: "    /// See __entities_words__.\n\
               \x20   #[strum(serialize = \"__domain__:read\")]\n\
               \x20   #[serde(rename = \"__domain__:read\")]\n\
               \x20   __Domain__Read,\n\
               \x20   /// Make and change __entities_words__.\n\
               \x20   #[strum(serialize = \"__domain__:write\")]\n\
               \x20   #[serde(rename = \"__domain__:write\")]\n\
               \x20   __Domain__Write,\n",
    },
    Edit {
        file: "crates/kernel/src/permission.rs",
        after: "Self::Manager => [",
        before: "            ]\n",
        text: "                P::__Domain__Read,\n                P::__Domain__Write,\n",
    },
    Edit {
        file: "migration/src/lib.rs",
        after: "mod m0001_tenants;",
        before: "mod reshape;",
        text: "mod __migration__;\n",
    },
    Edit {
        file: "migration/src/lib.rs",
        after: "vec![",
        before: "    ]\n",
        text: "        Box::new(__migration__::MIGRATION),\n",
    },
    Edit {
        file: "crates/api/src/state.rs",
        after: "",
        before: "use accounts_service::",
        text: "use __domain___service::__Domain__;\n",
    },
    Edit {
        file: "crates/api/src/state.rs",
        after: "pub struct Services {",
        before: "}\n",
        text: "    /// The use cases of __domain__.\n    pub __domain__: Arc<__Domain__>,\n",
    },
    Edit {
        file: "crates/api/src/routes/admin/mod.rs",
        after: "",
        before: "pub(crate) mod categories;",
        text: "pub(crate) mod __entities__;\n",
    },
    Edit {
        file: "crates/api/src/modules.rs",
        after: "pub(crate) const MODULES: &[Module] = &[",
        before: "BACKGROUND",
        text: "crate::routes::admin::__entities__::MODULE, ",
    },
    Edit {
        file: "crates/server/src/modules.rs",
        after: "",
        before: "use accounts_service::",
        text: "use __domain___service::__Domain__;\n",
    },
    Edit {
        file: "crates/server/src/modules.rs",
        after: "\n    Services {\n",
        before: "        accounts,\n",
        text: "        __domain__: Arc::new(__Domain__::new(database.clone(), queue.clone(), accounts.clone())),\n",
    },
    Edit {
        file: "crates/server/src/modules.rs",
        after: "Registry::default();",
        before: "    if let Some(url)",
        text: "    __domain___jobs::register(&mut registry, &services.__domain__);\n",
    },
    Edit {
        file: "tests/integration/main.rs",
        after: "",
        before: "mod ",
        text: "mod __domain__;\n",
    },
    Edit {
        file: "tests/integration/authorization/routes/tenant.rs",
        after: "const ROUTES",
        before: "    // The operator's.\n",
        text: "    // The domain of __domain__.\n\
               \x20   get(\"/api/admin/__entities_path__\", Needs(\"__domain__:read\")),\n\
               \x20   post(\"/api/admin/__entities_path__\", Needs(\"__domain__:write\"), r#\"{\"name\": \"{any}\"}\"#),\n\
               \x20   get(\"/api/admin/__entities_path__/{__entity___id}\", Needs(\"__domain__:read\")),\n\
               \x20   patch(\"/api/admin/__entities_path__/{__entity___id}\", Needs(\"__domain__:write\"), r#\"{\"name\": \"{any}\"}\"#),\n",
    },
    Edit {
        file: "tests/integration/authorization/callers.rs",
        after: "const MADE: &[(&str, &str, &str)] = &[",
        before: "",
        text: "(\"__entity___id\", \"/api/admin/__entities_path__\", r#\"{\"name\": \"one\"}\"#), ",
    },
    Edit {
        file: "docs/errors.md",
        after: "",
        before: "## Webhooks, jobs, the test gateway\n",
        text: "## The domain of __domain__\n\n\
               | code | status | what happened | what to do |\n\
               |---|---|---|---|\n\
               | `__entity__.not_found` | 404 | no such __entity_words__ | |\n\
               | `__entity__.invalid_name` | 422 | a name has 1 to 200 characters | mend it |\n\
               | `__entity__.name_taken` | 409 | another __entity_words__ has the name | choose another one |\n\n",
    },
    Edit {
        file: "docs/tenants-and-roles.md",
        after: "## Permissions",
        before: "| `tenants:manage`",
        text: "| `__domain__:read` | see __entities_words__ | | | ✓ | ✓ | ✓ |\n\
               | `__domain__:write` | make and change __entities_words__ | | | ✓ | ✓ | ✓ |\n",
    },
];

/// Crates that come to depend on crates of the domain.
pub(crate) const DEPENDENTS: &[(&str, &[&str])] = &[
    (
        "crates/api/Cargo.toml",
        &["__domain__-model", "__domain__-service"],
    ),
    (
        "crates/server/Cargo.toml",
        &["__domain__-jobs", "__domain__-service"],
    ),
];

/// Puts `text` before the first `before` that follows `after`.
pub(crate) fn insert(
    file: &str,
    old: &str,
    after: &str,
    before: &str,
    text: &str,
) -> Result<String> {
    let start = old
        .find(after)
        .map(|at| at + after.len())
        .with_context(|| missing(file, after))?;
    let at = old[start..]
        .find(before)
        .map(|at| at + start)
        .with_context(|| missing(file, before))?;
    Ok(format!("{}{text}{}", &old[..at], &old[at..]))
}

fn missing(file: &str, what: &str) -> String {
    format!(
        "{file} has no {what:?} any more, before which or after which lines are added; \
         mend crates/xtask/src/new_domain/edits.rs"
    )
}

/// Adds a dependency on a crate of the workspace, in its alphabetical place.
pub(crate) fn depend(file: &str, old: &str, name: &str) -> Result<String> {
    let line = format!("{name}.workspace = true\n");
    let start = old
        .find("[dependencies]\n")
        .map(|at| at + "[dependencies]\n".len())
        .with_context(|| missing(file, "[dependencies]"))?;
    ensure!(!old.contains(&line), "{file} depends on {name} already");
    let mut at = start;
    for known in old[start..].split_inclusive('\n') {
        if known.starts_with('[') || known.trim().is_empty() || *known > *line {
            break;
        }
        at += known.len();
    }
    Ok(format!("{}{line}{}", &old[..at], &old[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_where_they_belong() {
        let text = "a {\n}\nb {\n    x\n}\n";
        let new = insert("f", text, "b {", "}\n", "    y\n").unwrap();
        assert_eq!(new, "a {\n}\nb {\n    x\n    y\n}\n");
        let error = insert("f", text, "c {", "}\n", "").unwrap_err();
        assert!(error.to_string().contains("\"c {\""), "{error}");
    }

    #[test]
    fn dependencies_stay_sorted() {
        let text = "[dependencies]\na.workspace = true\nc.workspace = true\n\n[x]\n";
        assert_eq!(
            depend("f", text, "b").unwrap(),
            "[dependencies]\na.workspace = true\nb.workspace = true\nc.workspace = true\n\n[x]\n"
        );
        assert_eq!(
            depend("f", text, "d").unwrap(),
            "[dependencies]\na.workspace = true\nc.workspace = true\nd.workspace = true\n\n[x]\n"
        );
        assert!(depend("f", text, "a").is_err());
    }
}
