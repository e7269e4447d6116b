//! `docker-compose.yml` hands every setting on.

use crate::Settings;

/// What makes the containers fit together, whatever `.env` says.
const FIXED: [&str; 11] = [
    "HTTP_BIND",
    "HTTP_TRUSTED_PROXIES",
    "HTTP_DRAIN_DELAY",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_AUTO_MIGRATE",
    "REDIS_URL",
    "NATS_URL",
    "LOG_FORMAT",
    "JOBS_IN_SERVER",
    "WORKER_BIND",
];

#[test]
fn every_setting_of_the_env_file_reaches_the_containers() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker-compose.yml");
    let file = std::fs::read_to_string(file).expect("the file");
    let (_, sutler) = file.split_once("x-sutler: &sutler").expect("an anchor");
    let (sutler, _) = sutler.split_once("x-environment").expect("a next one");
    assert!(
        sutler.contains("env_file:\n    - path: .env\n      required: false"),
        "without `env_file` only the listed settings reach the containers"
    );
    for entry in Settings::entries() {
        let variable = entry.variable;
        let set = file
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
            .filter(|(name, _)| *name == variable);
        for (name, value) in set {
            let passes = value.contains(&format!("${{{name}:"));
            assert!(
                passes || FIXED.contains(&name),
                "docker-compose.yml sets {name} to {value}, whatever .env says"
            );
        }
    }
}
