//! The plan of a domain, against the workspace as it is.

use super::*;

fn wishes() -> Names {
    Names::new("wishes", "wish", None, None).unwrap()
}

fn refusal(names: &Names, after: Option<&str>) -> String {
    match plan(&crate::root(), names, after) {
        Ok(_) => panic!("{} is not refused", names.domain),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn every_template_is_filled_and_parses() {
    let plan = plan(&crate::root(), &wishes(), None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Vec::new();
    for (path, text) in &plan.made {
        for placeholder in [
            "__domain", "__Domain", "__entit", "__Entit", "__prefix", "__migr",
        ] {
            assert!(!text.contains(placeholder), "{}: {text}", path.display());
        }
        let target = folder.path().join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(&target, text).unwrap();
        if target.extension().is_some_and(|end| end == "rs") {
            sources.push(target);
        }
    }
    assert!(sources.len() > 12, "{sources:?}");
    let parsed = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(&sources)
        .status()
        .unwrap();
    assert!(parsed.success());
    for part in ["model", "repository", "service", "jobs"] {
        let manifest = &plan.made[&PathBuf::from(format!("crates/wishes/{part}/Cargo.toml"))];
        assert!(manifest.contains(&format!("name = \"wishes-{part}\"")));
    }
}

#[test]
fn every_place_that_lists_domains_is_edited() {
    let plan = plan(&crate::root(), &wishes(), Some("catalog")).unwrap();
    for (file, lines) in [
        ("Cargo.toml", "wishes-jobs = { path"),
        ("crates/kernel/src/id.rs", "Wish, WishId = \"wis\";"),
        ("crates/kernel/src/permission.rs", "P::WishesRead,"),
        ("crates/api/Cargo.toml", "wishes-service.workspace = true"),
        (
            "crates/api/src/modules.rs",
            "crate::routes::admin::wishes::MODULE",
        ),
        ("crates/server/src/modules.rs", "wishes_jobs::register"),
        (
            "crates/xtask/src/layers.rs",
            "\"catalog\",\n    \"wishes\",\n",
        ),
        ("migration/src/lib.rs", "_wishes::MIGRATION"),
        ("tests/integration/main.rs", "mod wishes;"),
    ] {
        let text = &plan.edited[&PathBuf::from(file)];
        assert!(text.contains(lines), "{file}");
    }
}

#[test]
fn what_is_taken_is_refused() {
    let named = |domain: &str, entity: &str, plural, prefix| {
        Names::new(domain, entity, plural, prefix).unwrap()
    };
    for (names, word) in [
        (
            named("catalog", "wish", None, None),
            "crates/catalog exists",
        ),
        (named("kernel", "wish", None, None), "crates/kernel exists"),
        (named("wishes", "wish", None, Some("ord")), "--prefix"),
        (
            named("wishes", "order", None, Some("wis")),
            "orders.rs exists",
        ),
        (
            named("wishes", "payment", None, Some("wis")),
            "a table \"payments\"",
        ),
        (
            named("wishes", "cart", Some("carttts"), Some("wis")),
            "the API knows",
        ),
        (named("races", "wish", None, None), "races.rs exists"),
    ] {
        let refusal = refusal(&names, None);
        assert!(refusal.contains(word), "{refusal}");
    }
    assert!(refusal(&wishes(), Some("nowhere")).contains("no domain \"nowhere\""));
}

#[test]
fn changes_that_are_not_committed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let status = Command::new("git")
            .args(arguments)
            .current_dir(folder.path())
            .status()
            .unwrap();
        assert!(status.success());
    };
    git(&["init", "--quiet"]);
    ensure_clean(folder.path()).unwrap();
    std::fs::write(folder.path().join("new"), "x").unwrap();
    let error = ensure_clean(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("?? new") && error.contains("--allow-dirty"),
        "{error}"
    );
}
