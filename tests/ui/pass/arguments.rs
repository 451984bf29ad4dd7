//! References, slices, strings, patterns, options, tuples, user types; generics and lifetimes.
#![allow(dead_code)]
use vi_runtime::prelude::*;

#[derive(Clone, Arg)]
struct Data<T> {
    x: Tensor<2>,
    y: Option<T>,
    #[arg(skip)]
    note: &'static str,
}

#[derive(Clone, Arg)]
struct Pair(Tensor<1>, f64);

#[derive(Clone, Arg)]
struct Marker;

#[derive(Clone, Arg)]
enum Choice<T> {
    Nothing,
    One(T),
    Many { values: Vec<T>, next: Option<Pair> },
}

#[derive(Clone, Arg)]
struct Tree {
    value: Tensor<1>,
    children: Vec<Tree>,
}

#[model]
pub(crate) fn references<'a, 'b: 'a>(x: &'a Tensor<1>, y: &'b Tensor<1>, names: &[String], title: &str, n: &usize) -> Tensor<1> {
    let z: &'a Tensor<1> = x;
    let first = names.first().map(String::as_str).unwrap_or(title);
    let _: usize = *n + first.len();
    let mu = sample!("mu", Normal::new(z, 1.0));
    observe!("y", Normal::new(&mu, 1.0), y);
    mu
}

#[model]
fn patterns(mut x: Tensor<1>, (a, b): (f64, Tensor<1>), Pair(c, _): Pair, &scale: &f64, data: &Data<Tensor<1>>) {
    x = x + b;
    let mu = sample!("mu", Normal::new(a, scale));
    let _ = data.note;
    let _ = &data.x;
    observe!("y", Normal::new(mu + x, c), data.y.as_ref());
}

#[model]
fn generic<T, const D: usize>(x: Tensor<D>, choice: Choice<T>, tree: &Tree, marker: Marker) -> Tensor<D>
where
    T: Into<Tensor<1>>,
{
    let Marker = marker;
    let _ = (&tree.value, &tree.children);
    let shift = match choice {
        Choice::Nothing => 0.0,
        Choice::One(value) => {
            let _: Tensor<1> = value.into();
            1.0
        }
        Choice::Many { values, next } => values.len() as f64 + next.map_or(0.0, |pair| pair.1),
    };
    sample!("x", Normal::new(x, shift))
}

#[guide(model = generic)]
fn generic_guide<T, const D: usize>(x: Tensor<D>, choice: Choice<T>, tree: &Tree, marker: Marker)
where
    T: Into<Tensor<1>>,
{
    sample!("x", Normal::new(x, 1.0));
}

/// The value that a call returns does not borrow what it was called with.
fn bind(x: Tensor<1>) -> impl Program<Output = Tensor<1>> {
    references(&x.clone(), &x, &[String::new()], &String::from("t"), &1)
}

fn main() {
    let _ = bind;
}
