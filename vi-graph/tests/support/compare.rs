use vi_graph::Precision;
use vi_graph::ir::Data;

/// How far the outputs of a correct executor are from those of the interpreter at most.
pub fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 1e-4,
        Precision::F64 => 1e-10,
    }
}

/// Whether the floats of `found` are within `tolerance (1 + |x|)`, and everything else is equal; else the first difference.
pub fn compare(expected: &Data, found: &Data, tolerance: f64) -> Result<(), String> {
    if expected.len() != found.len() {
        return Err(format!("{} elements, expected {}", found.len(), expected.len()));
    }
    let difference = match (expected, found) {
        (Data::Float(x), Data::Float(y)) => first(x, y, |x, y| {
            let near = (x - y).abs() <= tolerance * (1.0 + x.abs());
            x == y || (x.is_nan() && y.is_nan()) || (x.is_finite() && near)
        }),
        (Data::Int(x), Data::Int(y)) => first(x, y, |x, y| x == y),
        (Data::Bool(x), Data::Bool(y)) => first(x, y, |x, y| x == y),
        _ => Some(format!("type {:?}, expected {:?}", found.ty(), expected.ty())),
    };
    difference.map_or(Ok(()), Err)
}

fn first<T: Copy + std::fmt::Debug>(x: &[T], y: &[T], near: impl Fn(T, T) -> bool) -> Option<String> {
    let i = x.iter().zip(y).position(|(&x, &y)| !near(x, y))?;
    Some(format!("element {i} is {:?}, expected {:?}", y[i], x[i]))
}
