//! Which rules a person wants to hear of.

use super::rule::Rule;

/// Which rules a check tells of.
#[derive(Clone, Debug, Default)]
pub struct RuleChoice {
    /// Only these; none: those that every check tells of.
    pub select: Vec<&'static Rule>,
    /// Not these.
    pub ignore: Vec<&'static Rule>,
}

impl RuleChoice {
    /// Does it hold this rule? What is ignored is not held, though it be selected.
    pub fn holds(&self, rule: &Rule) -> bool {
        let among = |rules: &[&Rule]| rules.iter().any(|one| one.id == rule.id);
        let selected = match self.select.is_empty() {
            true => rule.by_default,
            false => among(&self.select),
        };
        selected && !among(&self.ignore)
    }
}

#[cfg(test)]
mod tests {
    use super::RuleChoice;
    use crate::plan::{Degree, Rule};

    const fn rule(id: &'static str, by_default: bool) -> Rule {
        Rule {
            id,
            name: "",
            title: "",
            why: "",
            help: "",
            degree: Degree::Error,
            by_default,
        }
    }

    static ON: Rule = rule("E001", true);
    static OFF: Rule = rule("E002", false);

    #[test]
    fn a_rule_that_is_off_by_default_is_held_only_where_it_is_selected() {
        let usual = RuleChoice::default();
        assert!(usual.holds(&ON) && !usual.holds(&OFF));
        let ignore = vec![&ON];
        let select = Vec::new();
        assert!(!RuleChoice { select, ignore }.holds(&OFF));
        let (select, ignore) = (vec![&OFF], Vec::new());
        let selected = RuleChoice { select, ignore };
        assert!(selected.holds(&OFF) && !selected.holds(&ON));
    }

    #[test]
    fn what_is_ignored_is_not_held_though_it_be_selected() {
        let (select, ignore) = (vec![&ON, &OFF], vec![&OFF]);
        let both = RuleChoice { select, ignore };
        assert!(both.holds(&ON) && !both.holds(&OFF));
    }
}
