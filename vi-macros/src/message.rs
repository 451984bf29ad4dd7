//! What the macros say to the user: every text in one place, each with the mistake and the way out.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Error;

/// The mistakes found so far; all of them are reported together.
#[derive(Default)]
pub struct Mistakes(Option<Error>);

impl Mistakes {
    /// Notes `text` at `span`.
    pub fn add(&mut self, span: Span, text: impl std::fmt::Display) {
        self.push(Error::new(span, text));
    }

    /// Notes `text` at all of `tokens`.
    pub fn over(&mut self, tokens: &impl ToTokens, text: impl std::fmt::Display) {
        self.push(Error::new_spanned(tokens, text));
    }

    /// Notes an error made elsewhere, a syntax error for instance.
    pub fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// One `compile_error!` a mistake; absent where there was none.
    pub fn report(self) -> Option<TokenStream> {
        self.0.map(|error| error.to_compile_error())
    }
}

pub const MODEL_ARGUMENTS: &str = "`#[model]` takes no arguments";
pub const GUIDE_ARGUMENTS: &str = "expected `#[guide]`, `#[guide(model = path)]` or `#[guide(model = path, auxiliary = [\"site\"])]`";
pub const NOT_A_FUNCTION: &str = "`#[model]` and `#[guide]` belong on a function: `fn name(arguments) -> Output { … }`";
pub const SELF: &str = "a program is a free function: pass what it needs from `self` as arguments";
pub const ASYNC: &str = "a program cannot be `async`: it runs once a step, from start to end";
pub const CONST: &str = "a program cannot be `const`: it draws random numbers";
pub const UNSAFE: &str = "a program cannot be `unsafe`: use an `unsafe` block inside it";
pub const EXTERN: &str = "a program cannot be `extern`: it returns a value that only Rust can run";
pub const VARIADIC: &str = "a program cannot be variadic: take a `Vec` or a tuple";
pub const MUTABLE_REFERENCE: &str = "a program cannot change its arguments: take the value, `mut name: T`, and return the result";
pub const IMPL_ARGUMENT: &str = "`impl Trait` cannot be an argument type here: name a type parameter, `fn program<T: Trait>(x: T)`";
pub const DYN_ARGUMENT: &str = "a trait object cannot be an argument of a program: name a type parameter, `fn program<T: Trait>(x: T)`";
pub const INNER_REFERENCE: &str = "a reference inside another type cannot be bound: use the owned value (cloning a tensor copies no elements), or `&T` as the whole argument";
pub const IMPL_OUTPUT: &str = "a program names its return type: `impl Trait` is not possible here";
pub const BORROWED_OUTPUT: &str =
    "a program returns an owned value: remove the `&` and return a clone (cloning a tensor copies no elements)";
pub const OBSERVE_IN_GUIDE: &str = "`observe!` does not belong in a guide: a guide draws the latent sites only, so move it to the model";
pub const PLATE_CLOSURE: &str = "the block of a `plate!` takes one index: `|idx| { … }`";

/// The form of a statement, for messages about wrong arguments.
pub fn form(statement: &str) -> &'static str {
    match statement {
        "sample" => "`sample!(\"x\", distribution)` or `sample!(\"x\"[i], distribution)`",
        "observe" => "`observe!(\"y\", distribution, value)` or `observe!(\"y\", distribution, value, mask = m)`",
        "param" => "`param!(\"w\", init)` or `param!(\"w\", init, support)`",
        "module" => "`module!(\"net\", init)`",
        "plate" => "`plate!(\"n\", size, { … })`, `plate!(\"n\", size, |idx| { … })` or `plate!(\"n\", size, subsample = b, |idx| { … })`",
        "deterministic" => "`deterministic!(\"t\", expression)`",
        "factor" => "`factor!(\"f\", log_weight)`",
        "submodel" => "`submodel!(\"prefix\", program)`",
        _ => "`device!()`",
    }
}

pub fn wrong_arguments(statement: &str) -> String {
    format!("wrong arguments: expected {}", form(statement))
}

pub fn unknown_option(statement: &str, option: &str) -> String {
    match statement {
        "sample" => format!("unknown option `{option}`: `sample!` knows `strategy = Enumerate` and `strategy = Collapse`"),
        "observe" => format!("unknown option `{option}`: `observe!` knows `mask = m`"),
        "plate" => format!("unknown option `{option}`: `plate!` knows `subsample = b`"),
        _ => format!("unknown option `{option}`: `{statement}!` has none; expected {}", form(statement)),
    }
}

pub fn repeated_option(option: &str) -> String {
    format!("option `{option}` is given twice")
}

pub fn name_not_literal(statement: &str) -> String {
    format!("the name must be a string literal, known at compile time: expected {}", form(statement))
}

pub fn name_cannot_have_index(statement: &str) -> String {
    format!("the name in a `{statement}!` takes no index: expected {}", form(statement))
}

pub fn bad_name(name: &str) -> String {
    if let Some((family, _)) = name.split_once('[').filter(|(family, _)| is_name(family)) {
        return format!("`{name}` is not a name: a member of a family is written `\"{family}\"[index]`");
    }
    if matches!(name, "_" | "self" | "Self" | "super" | "crate") {
        return format!("`{name}` cannot be a name, because it cannot be a field of the draws: rename it");
    }
    let suggestion = suggest(name);
    if is_name(&suggestion) {
        format!("`{name}` is not a name: names are identifiers, or identifiers joined by dots; try `{suggestion}`")
    } else {
        format!("`{name}` is not a name: names are identifiers, or identifiers joined by dots, such as `mu` or `layer.weight`")
    }
}

/// Whether `name` is an identifier, or identifiers joined by dots.
pub fn is_name(name: &str) -> bool {
    name.split('.').all(|part| {
        let unusable = matches!(part, "_" | "self" | "Self" | "super" | "crate");
        !unusable && (syn::parse_str::<syn::Ident>(part).is_ok() || syn::parse_str::<syn::Ident>(&format!("r#{part}")).is_ok())
    })
}

fn suggest(name: &str) -> String {
    let parts = name.split('.').map(str::trim).filter(|part| !part.is_empty()).map(|part| {
        let word: String = part.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        if word.starts_with(|c: char| c.is_numeric()) { format!("x{word}") } else { word }
    });
    parts.collect::<Vec<_>>().join(".")
}

pub fn repeated_site(name: &str) -> String {
    format!(
        "a second site `{name}`: every site of a program has a name of its own (only exclusive arms of one `if` or `match` may share one); \
         rename it, or make a family `\"{name}\"[i]`"
    )
}

pub fn repeated_member(name: &str, index: &str) -> String {
    format!("a second site `{name}[{index}]`: every member of a family has an index of its own")
}

pub fn repeated_param(name: &str) -> String {
    format!("a second parameter or module `{name}`: bind the first with `let` and use it again, or rename this one")
}

pub fn repeated_prefix(name: &str) -> String {
    format!("a second submodel `{name}`: every submodel of a program has a prefix of its own; rename it")
}

pub fn prefix_is_site(name: &str) -> String {
    format!("`{name}` is both a site and the prefix of a submodel: rename one of them")
}

pub fn family_and_plain(name: &str) -> String {
    format!("`{name}` is both a single name and a family `\"{name}\"[i]`: rename one of them")
}

pub fn same_field(name: &str, other: &str, field: &str) -> String {
    format!("sites `{name}` and `{other}` would share the field `{field}` of the draws: rename one of them")
}

pub fn literal_in_loop(name: &str) -> String {
    format!("site `{name}` stands in a loop and would be repeated: name a family, `\"{name}\"[i]`, or draw all of it at once in a `plate!`")
}

pub fn submodel_in_loop(name: &str) -> String {
    format!("submodel `{name}` stands in a loop and its sites would be repeated: move the loop into the submodel, with families `\"x\"[i]`")
}

pub fn misplaced(statement: &str, place: &str) -> String {
    format!("`{statement}!` inside {place}: statements belong to the program itself; {}", way_out(place))
}

fn way_out(place: &str) -> &'static str {
    match place {
        CLOSURE => "bind it with `let` outside, or use a `for` loop instead of the closure",
        ASYNC_BLOCK | CONST_BLOCK => "bind it with `let` outside the block",
        _ => "mark that function `#[model]` and run it with `submodel!`, or move the statement out",
    }
}

pub const CLOSURE: &str = "a closure";
pub const ASYNC_BLOCK: &str = "an `async` block";
pub const CONST_BLOCK: &str = "a `const` block";
pub const NESTED_ITEM: &str = "a nested item";

pub fn inside_macro(statement: &str, outer: &str) -> String {
    format!("`{statement}!` inside `{outer}!`, whose syntax is not known here: bind it with `let` first")
}

pub fn no_auxiliary(name: &str) -> String {
    format!("the guide has no `sample!` of the auxiliary site `{name}`: remove it here or sample it")
}

pub const ARG_UNION: &str = "`Arg` can be derived for structs and enums, not for unions";
pub const ARG_OPTION: &str = "expected `#[arg(skip)]`";
