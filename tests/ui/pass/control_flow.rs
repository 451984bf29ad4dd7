//! `if`, `match`, loops, early `return`, `break`, `?` and labels around statements.
#![allow(dead_code)]
use vi_runtime::prelude::*;

#[model]
fn branches(flag: bool, kind: usize, y: Option<Tensor<1>>) -> Tensor<1> {
    let mu = if flag { sample!("mu", Normal::new(0.0, 1.0)) } else { sample!("mu", Normal::new(1.0, 2.0)) };
    let nu = match kind {
        0 => sample!("nu", Normal::new(0.0, 1.0)),
        1 if flag => {
            let nu = sample!("nu", LogNormal::new(0.0, 1.0));
            return nu;
        }
        2 => return mu,
        _ => mu.clone(),
    };
    if let Some(y) = &y {
        observe!("y", Normal::new(&nu, 1.0), y);
    }
    let checked = check(nu.clone())?;
    observe!("w", Normal::new(checked, 1.0), y);
    nu + mu
}

fn check(x: Tensor<1>) -> Result<Tensor<1>> {
    Ok(x)
}

#[model]
fn chain(steps: usize, stop: Option<usize>) -> Vec<Tensor<1>> {
    let mut states = vec![sample!("x"[0], Normal::new(0.0, 1.0))];
    'time: for t in 1..steps {
        let last = states[t - 1].clone();
        let x = sample!("x"[t], Normal::new(last, 1.0));
        for k in 0..2 {
            let noise = plate!("inner", 3, {
                if stop == Some(t) {
                    break 'time;
                }
                if k == 1 {
                    continue 'time;
                }
                sample!("e"[(t, k)], Normal::new(0.0, 1.0))
            });
            deterministic!("d"[t], noise);
        }
        states.push(x);
    }
    let mut n = 0;
    while n < 2 {
        param!("shared", [0.0]);
        n += 1;
    }
    let total = loop {
        break states.iter().cloned().map(|x| -> Tensor<1> { return x }).fold(0, |n, _| n + 1);
    };
    if total == 0 {
        return Vec::new();
    }
    states
}

#[model]
fn diverges(y: Tensor<1>) -> Tensor<1> {
    let x = sample!("x", Normal::new(0.0, 1.0));
    observe!("y", Normal::new(x.clone(), 1.0), y);
    return x;
}

#[model]
fn nothing() {}

#[model]
fn in_macros(y: Tensor<1>) {
    let xs = vec![sample!("a", Normal::new(0.0, 1.0)), sample!("b", Normal::new(0.0, 1.0)),];
    assert_eq!(xs.len(), 2, "there are {} of {}", 2, 2);
    let first = xs.into_iter().next();
    let Some(a) = first else { return };
    plate!("n", 2, subsample = 1, |idx| {
        let _: Tensor<1, Int> = idx;
        observe!("y", Normal::new(&a, 1.0), y)
    });
    plate!("m", 2, |_idx| {
        sample!("c", Normal::new(0.0, 1.0));
    });
    factor!("f", a.clone());
    println!("{}", matches!(deterministic!("t", a), _x if true));
}

fn main() {}
