//! The rules of the language that hold for a program as a whole.

use syn::{Expr, ExprLit, Lit};

use crate::ast::{Kind, Name, Program, Role, Statement};
use crate::message::{self, Mistakes};

/// Notes every broken rule.
pub fn check(program: &Program, mistakes: &mut Mistakes) {
    for (i, statement) in program.statements.iter().enumerate() {
        let Some(name) = &statement.name else { continue };
        check_loop(statement, name, mistakes);
        check_repetition(&program.statements[..i], statement, name, mistakes);
        if program.role.is_guide() && matches!(statement.kind, Kind::Observe { .. }) {
            mistakes.add(statement.span, message::OBSERVE_IN_GUIDE);
        }
    }
    if let Role::Guide { auxiliary, .. } = &program.role {
        for name in auxiliary {
            let sampled = program.statements.iter().any(|statement| {
                let named = statement.name.as_ref().is_some_and(|site| site.text() == name.value());
                named && matches!(statement.kind, Kind::Sample { .. })
            });
            if !sampled && !program.lost_site && !program.rescued.iter().any(|other| other.value() == name.value()) {
                mistakes.add(name.span(), message::no_auxiliary(&name.value()));
            }
        }
    }
}

/// What a name must be unique among.
#[derive(PartialEq)]
enum Namespace {
    Site,
    Param,
    Prefix,
}

fn namespace(kind: &Kind) -> Option<Namespace> {
    match kind {
        Kind::Sample { .. } | Kind::Observe { .. } | Kind::Deterministic { .. } | Kind::Factor { .. } => Some(Namespace::Site),
        Kind::Param { .. } | Kind::Module { .. } => Some(Namespace::Param),
        Kind::Submodel { .. } => Some(Namespace::Prefix),
        // One plate may be entered several times.
        Kind::Plate { .. } | Kind::Device => None,
    }
}

fn check_loop(statement: &Statement, name: &Name, mistakes: &mut Mistakes) {
    if !statement.place.in_loop || name.index.is_some() {
        return;
    }
    match namespace(&statement.kind) {
        Some(Namespace::Site) => mistakes.add(name.literal.span(), message::literal_in_loop(&name.text())),
        Some(Namespace::Prefix) => mistakes.add(name.literal.span(), message::submodel_in_loop(&name.text())),
        Some(Namespace::Param) | None => {}
    }
}

/// At most one error a statement: the first rule that it breaks.
fn check_repetition(before: &[Statement], statement: &Statement, name: &Name, mistakes: &mut Mistakes) {
    let Some(space) = namespace(&statement.kind) else { return };
    let text = name.text();
    for earlier in before {
        let (Some(other), Some(other_space)) = (&earlier.name, namespace(&earlier.kind)) else { continue };
        if other.text() != text {
            continue;
        }
        let problem = if space == other_space {
            repetition(&space, statement, name, earlier, other)
        } else if matches!((&space, &other_space), (Namespace::Site, Namespace::Prefix) | (Namespace::Prefix, Namespace::Site)) {
            Some(message::prefix_is_site(&text))
        } else {
            None
        };
        if let Some(problem) = problem {
            mistakes.add(name.literal.span(), problem);
            return;
        }
    }
}

fn repetition(space: &Namespace, statement: &Statement, name: &Name, earlier: &Statement, other: &Name) -> Option<String> {
    let text = name.text();
    match (&name.index, &other.index) {
        (None, None) if statement.place.excludes(&earlier.place) => None,
        (None, None) => Some(match space {
            Namespace::Site => message::repeated_site(&text),
            Namespace::Param => message::repeated_param(&text),
            Namespace::Prefix => message::repeated_prefix(&text),
        }),
        (Some(index), Some(other)) => {
            let (index, other) = (integer(index)?, integer(other)?);
            let repeated = index == other && *space == Namespace::Site && !statement.place.excludes(&earlier.place);
            repeated.then(|| message::repeated_member(&text, &index))
        }
        _ => Some(message::family_and_plain(&text)),
    }
}

/// The digits of an index that is a literal.
fn integer(index: &Expr) -> Option<String> {
    match index {
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => Some(literal.base10_digits().to_owned()),
        _ => None,
    }
}
