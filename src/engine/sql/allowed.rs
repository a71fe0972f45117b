//! Which statements are run: those that read tables, and no other.
//!
//! A statement is looked at twice: as it is written, so that the refusal names what was asked for, and as it is planned, so
//! that no form of words gets past the first look.

use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr, SetExpr, Statement as Sql};
use datafusion_common::DataFusionError;

/// Lets a statement through that only reads, or gives back the words that it begins with.
///
/// # Errors
/// What is refused: `CREATE EXTERNAL TABLE`, `INSERT`.
pub fn reads(statement: &Statement) -> Result<(), String> {
    match statement {
        Statement::Explain(explain) => reads(&explain.statement),
        Statement::Statement(sql) => match sql.as_ref() {
            Sql::Query(_) | Sql::ExplainTable { .. } => Ok(()),
            Sql::ShowTables { .. } | Sql::ShowColumns { .. } | Sql::ShowFunctions { .. } | Sql::ShowVariable { .. } => {
                Ok(())
            }
            Sql::Explain { statement, .. } => reads(&Statement::Statement(statement.clone())),
            other => Err(words(&other.to_string())),
        },
        other => Err(words(&other.to_string())),
    }
}

/// Lets a query through whose `WHERE` is one condition in brackets, and which has nothing else.
///
/// # Errors
/// What it has beyond that.
pub fn condition(statement: &Statement) -> Result<(), String> {
    reads(statement)?;
    let Statement::Statement(sql) = statement else { return Err("EXPLAIN".into()) };
    let Sql::Query(query) = sql.as_ref() else { return Err(words(&sql.to_string())) };
    let SetExpr::Select(select) = query.body.as_ref() else { return Err("more than one SELECT".into()) };
    let more = [
        ("WITH", query.with.is_some()),
        ("ORDER BY", query.order_by.is_some()),
        ("LIMIT", query.limit_clause.is_some() || query.fetch.is_some()),
        ("HAVING", select.having.is_some() || select.qualify.is_some()),
        ("GROUP BY", !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())),
        ("more than one condition", !matches!(select.selection, Some(Expr::Nested(_)))),
    ];
    more.into_iter().find(|more| more.1).map_or(Ok(()), |more| Err(more.0.to_owned()))
}

/// Whether a plan only reads.
///
/// # Errors
/// [`DataFusionError::Plan`] where it does not.
pub fn plan(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only_queries.verify_plan(plan)
}

/// The words of a statement that say what it does: those in capitals at its beginning.
fn words(statement: &str) -> String {
    let capital = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase());
    let words: Vec<&str> = statement.split_whitespace().take_while(capital).take(3).collect();
    words.join(" ")
}
