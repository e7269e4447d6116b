//! Conditions of a statement, of which only those are in it that are wanted.

use sea_orm::Value;

/// Conditions that all have to hold, and their values.
///
/// What nobody asks for is left out, and not written as `$2 IS NULL OR …`:
/// statements keep one plan for all values, and such a plan cannot use an
/// index for what may be missing.
pub struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// That a row is the tenant's; `column` has the tenant.
    pub fn of_tenant(column: &str) -> Self {
        Self {
            sql: vec![format!("{column} = $1")],
            values: Vec::new(),
        }
    }

    /// Binds a value: its place.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len() + 1)
    }

    /// Adds a condition; the values in it are bound already.
    pub fn add(&mut self, condition: impl Into<String>) {
        self.sql.push(condition.into());
    }

    /// Adds a condition if it has a value, which goes where `?` is.
    pub fn add_if(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let place = self.bind(value);
            self.add(condition.replace('?', &place));
        }
    }

    /// What follows `WHERE`, and the values from `$2` on.
    pub fn into_parts(self) -> (String, Vec<Value>) {
        (self.sql.join(" AND "), self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_is_left_out() {
        let mut all = Conditions::of_tenant("t.tenant_id");
        all.add_if("t.name = ?", None::<String>);
        all.add_if("t.size < ?", Some(5_i64));
        let limit = all.bind(20_i64);
        all.add("t.gone_at IS NULL");
        assert_eq!(limit, "$3");
        let (sql, values) = all.into_parts();
        assert_eq!(
            sql,
            "t.tenant_id = $1 AND t.size < $2 AND t.gone_at IS NULL"
        );
        assert_eq!(values, [5_i64.into(), 20_i64.into()]);
    }
}
