//! What each rule of `check` says: what is wrong, why it matters, and the way out.

use serde_json::{Value, json};

use crate::plan::Rule;

/// What is said of a rule that no check tells of by itself.
const OFF: &str = "told only where `--select` names it";

/// What `rule` says of one rule.
pub fn rule_text(rule: &Rule) -> String {
    let Rule {
        id,
        name,
        degree,
        title,
        why,
        help,
        by_default,
    } = rule;
    let off = match by_default {
        true => String::new(),
        false => format!("  It is {OFF}.\n\n"),
    };
    format!("{id} {name} ({degree})\n  {title}.\n\n  {why}\n\n{off}  way out: {help}\n")
}

/// Rules, a line each.
pub fn rule_list(rules: &[&Rule]) -> String {
    let line = |rule: &&Rule| match rule.by_default {
        true => format!("{}  {}\n", rule.id, rule.title),
        false => format!("{}  {} ({OFF})\n", rule.id, rule.title),
    };
    rules.iter().map(line).collect()
}

/// Rules with their texts, as JSON.
pub fn rules_json(rules: &[&Rule]) -> String {
    let one = |rule: &&Rule| {
        let mut fields = json!({
            "code": rule.id,
            "name": rule.name,
            "degree": rule.degree,
            "title": rule.title,
            "why": rule.why,
            "help": rule.help,
        });
        if let Some(fields) = fields.as_object_mut().filter(|_| !rule.by_default) {
            fields.insert("by_default".to_owned(), Value::Bool(false));
        }
        fields
    };
    let rules: Vec<Value> = rules.iter().map(one).collect();
    let value = json!({"schema": {"name": "wheelfix.rule", "version": 1}, "rules": rules});
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// A rule as SARIF describes it (`reportingDescriptor`). One is enabled unless it says otherwise.
pub(super) fn rule_sarif(rule: &Rule) -> Value {
    let mut defaults = json!({"level": rule.degree});
    if let Some(fields) = defaults.as_object_mut().filter(|_| !rule.by_default) {
        fields.insert("enabled".to_owned(), Value::Bool(false));
    }
    json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.help},
        "defaultConfiguration": defaults,
    })
}

#[cfg(test)]
mod tests {
    use super::{rule_list, rule_sarif, rule_text, rules_json};
    use crate::plan::{Degree, Rule};

    const OFF: Rule = Rule {
        id: "X001",
        name: "odd",
        title: "It is odd",
        why: "Some want to know.",
        help: "none",
        degree: Degree::Warning,
        by_default: false,
    };
    const ON: Rule = Rule {
        by_default: true,
        ..OFF
    };

    #[test]
    fn a_rule_that_is_off_by_default_says_so_everywhere() {
        let told = "told only where `--select` names it";
        assert!(rule_text(&OFF).contains(told) && !rule_text(&ON).contains(told));
        assert_eq!(
            rule_list(&[&ON, &OFF]),
            format!("X001  It is odd\nX001  It is odd ({told})\n")
        );
        assert!(rules_json(&[&OFF]).contains("\"by_default\": false"));
        assert!(!rules_json(&[&ON]).contains("by_default"));
        assert_eq!(rule_sarif(&OFF)["defaultConfiguration"]["enabled"], false);
        let defaults = &rule_sarif(&ON)["defaultConfiguration"];
        assert!(defaults.get("enabled").is_none() && defaults["level"] == "warning");
    }
}
