//! Where settings come from: the environment first, then `.env`, then a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::reader::Mistake;

/// The raw texts of settings before they are typed.
#[derive(Default)]
pub struct Sources {
    environment: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    path: Option<PathBuf>,
    pub(crate) mistakes: Vec<Mistake>,
}

/// The name of the variable that names the file.
const FILE_VARIABLE: &str = "SUTLER_CONFIG";
/// The file that is read when it is there and none is named.
const DEFAULT_FILE: &str = "sutler.toml";
/// The file whose variables count where the environment has none.
const DOT_ENV: &str = ".env";

impl Sources {
    /// The process's environment, what `.env` in the working directory adds to
    /// it, and the file it names, or `sutler.toml` in the working directory
    /// when there is one.
    pub fn of_process(named: Option<&Path>) -> Self {
        let (mut environment, mistakes) = dot_env(Path::new(DOT_ENV));
        environment.extend(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        let path = named
            .map(Path::to_path_buf)
            .or_else(|| environment.get(FILE_VARIABLE).map(PathBuf::from))
            .or_else(|| {
                let default = PathBuf::from(DEFAULT_FILE);
                default.exists().then_some(default)
            });
        let mut sources = Self {
            environment,
            mistakes,
            ..Self::default()
        };
        if let Some(path) = path {
            match std::fs::read_to_string(&path) {
                Ok(text) => sources.read_file(&path, &text),
                Err(error) => sources.mistakes.push(Mistake::new(
                    FILE_VARIABLE,
                    &path.display().to_string(),
                    &format!("a file that can be read ({error})"),
                )),
            }
        }
        sources
    }

    /// Exactly these variables and this file text; for tests.
    pub fn of<'a>(
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
        file: Option<&str>,
    ) -> Self {
        let mut sources = Self {
            environment: environment
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Self::default()
        };
        if let Some(text) = file {
            sources.read_file(Path::new(DEFAULT_FILE), text);
        }
        sources
    }

    fn read_file(&mut self, path: &Path, text: &str) {
        self.path = Some(path.to_path_buf());
        match text.parse::<toml::Table>() {
            Ok(table) => flatten("", &table, &mut self.file),
            // Not the line itself, which may hold a secret.
            Err(error) => {
                let before = error.span().map_or(0, |span| span.start);
                let line = text[..before.min(text.len())].matches('\n').count() + 1;
                self.mistakes.push(Mistake::new(
                    &format!("{}, line {line}", path.display()),
                    error.message(),
                    "TOML",
                ));
            }
        }
    }

    /// The text of a setting, and where it was found. A variable wins over the
    /// file; `NAME_FILE` names a file that holds the text, as container
    /// secrets do. An empty variable counts as not set.
    pub(crate) fn find(&mut self, key: &str, variable: &str) -> Option<(String, String)> {
        let indirect = format!("{variable}_FILE");
        if let Some(text) = self
            .environment
            .get(variable)
            .filter(|text| !text.is_empty())
        {
            if self.environment.contains_key(&indirect) {
                self.mistakes.push(Mistake::new(
                    &indirect,
                    &format!("a file, and {variable} beside it"),
                    "one of the two",
                ));
            }
            return Some((text.clone(), variable.to_owned()));
        }
        if let Some(path) = self.environment.get(&indirect) {
            match std::fs::read_to_string(path) {
                Ok(text) => return Some((text.trim_end().to_owned(), indirect)),
                Err(error) => {
                    let expected = format!("a file that can be read ({error})");
                    self.mistakes.push(Mistake::new(&indirect, path, &expected));
                }
            }
        }
        let path = self.path.as_ref()?;
        let text = self.file.get(key)?;
        Some((text.clone(), format!("{key} in {}", path.display())))
    }

    /// Keys of the file that no setting has.
    pub(crate) fn unknown_file_keys(&self, known: &BTreeSet<&str>) -> Vec<Mistake> {
        let path = self.path.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        self.file
            .keys()
            .filter(|key| !known.contains(key.as_str()))
            .map(|key| {
                Mistake::new(
                    &format!("{key} in {}", path.display()),
                    "an unknown setting",
                    "a name from docs/configuration.md",
                )
            })
            .collect()
    }

    /// Variables that look like settings (same first word) but are none.
    pub(crate) fn suspicious_variables(&self, known: &BTreeSet<String>) -> Vec<String> {
        let first_words: BTreeSet<&str> = known
            .iter()
            .filter_map(|name| name.split_once('_').map(|(word, _)| word))
            .collect();
        self.environment
            .keys()
            .filter(|name| {
                let plain = name.strip_suffix("_FILE").unwrap_or(name);
                !known.contains(plain)
                    && plain
                        .split_once('_')
                        .is_some_and(|(word, _)| first_words.contains(word))
            })
            .cloned()
            .collect()
    }
}

/// The variables of a `.env` file, if it is there.
fn dot_env(path: &Path) -> (BTreeMap<String, String>, Vec<Mistake>) {
    let mut variables = BTreeMap::new();
    // Not the line itself, which may hold a secret.
    let mistake = |error: &dotenvy::Error| {
        let (place, found) = match error {
            dotenvy::Error::LineParse(line, _) => {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                let number = text.lines().position(|one| one.contains(line.trim()));
                let number = number.map_or(0, |number| number + 1);
                (
                    format!("{}, line {number}", path.display()),
                    "a line that cannot be read".to_owned(),
                )
            }
            other => (path.display().to_string(), other.to_string()),
        };
        vec![Mistake::new(
            &place,
            &found,
            "lines of the form NAME=value, with quotes around values that hold spaces",
        )]
    };
    let lines = match dotenvy::from_path_iter(path) {
        Ok(lines) => lines,
        Err(error) if error.not_found() => return (variables, Vec::new()),
        Err(error) => return (variables, mistake(&error)),
    };
    for line in lines {
        match line {
            Ok((name, value)) => variables.insert(name, value),
            Err(error) => return (variables, mistake(&error)),
        };
    }
    (variables, Vec::new())
}

fn flatten(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, into),
            other => {
                into.insert(key, scalar(other));
            }
        }
    }
}

fn scalar(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_env_file_gives_variables_and_tells_a_broken_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        assert!(dot_env(&path).1.is_empty(), "an absent file is fine");
        std::fs::write(
            &path,
            "# a comment\nHTTP_BIND=127.0.0.1:1\nTENANT_NAME=\"My shop\"\n",
        )
        .unwrap();
        let (variables, mistakes) = dot_env(&path);
        assert!(mistakes.is_empty());
        assert_eq!(variables["TENANT_NAME"], "My shop");
        std::fs::write(&path, "HTTP BIND=x\n").unwrap();
        assert_eq!(dot_env(&path).1.len(), 1);
        std::fs::write(&path, "# one\nSECRET_KEY=hidden word\n").unwrap();
        let told = dot_env(&path).1[0].to_string();
        assert!(
            told.contains("line 2") && !told.contains("hidden"),
            "{told}"
        );
        let mut sources = Sources::default();
        sources.read_file(&path, "a = 1\nsecret_key = \"hidden\n");
        let told = sources.mistakes[0].to_string();
        assert!(
            told.contains("line 2") && !told.contains("hidden"),
            "{told}"
        );
    }
}
