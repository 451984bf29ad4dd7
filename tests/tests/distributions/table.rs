//! Reading the tables of known log densities.

use std::path::Path;

use serde_json::Value;

pub struct Case {
    /// Row-major numbers of each parameter, in the order asked for.
    pub params: Vec<Vec<f64>>,
    pub points: Vec<Point>,
    moments: Value,
}

impl Case {
    /// `mean`, `variance` or `entropy`; absent where it is not known.
    pub fn moment(&self, name: &str) -> Option<Vec<f64>> {
        flat(&self.moments[name])
    }
}

pub struct Point {
    pub x: Vec<f64>,
    pub log_prob: f64,
    pub grad_x: Option<Vec<f64>>,
    /// One entry a parameter; absent for a discrete one.
    pub grad_params: Option<Vec<Option<Vec<f64>>>>,
}

pub fn read(name: &str, params: &[&str]) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logprob").join(format!("{name}.json"));
    let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = table["cases"].as_array().unwrap();
    cases
        .iter()
        .map(|case| Case {
            params: params.iter().map(|name| flat(&case["params"][name]).unwrap()).collect(),
            points: case["points"]
                .as_array()
                .unwrap()
                .iter()
                .map(|point| Point {
                    x: flat(&point["x"]).unwrap(),
                    log_prob: flat(&point["log_prob"]).unwrap()[0],
                    grad_x: point.get("grad_x").and_then(flat),
                    grad_params: point.get("grad_params").map(|grads| params.iter().map(|name| grads.get(name).and_then(flat)).collect()),
                })
                .collect(),
            moments: case["moments"].clone(),
        })
        .collect()
}

/// Numbers in row-major order, whatever the nesting.
pub fn flat(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::Number(x) => Some(vec![x.as_f64()?]),
        // Infinities, NaN, and numbers that the JSON parser would round to a neighbour.
        Value::String(x) => Some(vec![x.parse().ok()?]),
        Value::Array(items) => items.iter().map(flat).collect::<Option<Vec<_>>>().map(|rows| rows.concat()),
        _ => None,
    }
}
