//! The files of a case: its data, and what is known of its posterior.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tests::device;
use vi_runtime::burn::tensor::{DType, TensorData};
use vi_runtime::prelude::*;

/// One JSON file below `data/posteriordb`.
#[derive(Clone, Debug)]
pub struct Data(Value);

fn missing(what: &str) -> Error {
    Error::other(format!("there is no {what} in the file"))
}

/// Nested numbers in row-major order.
fn flat(value: &Value) -> Result<Vec<f64>> {
    match value {
        Value::Array(items) => Ok(items.iter().map(flat).collect::<Result<Vec<_>>>()?.concat()),
        number => Ok(vec![number.as_f64().ok_or_else(|| missing("number"))?]),
    }
}

impl Data {
    pub fn read(file: &str) -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/posteriordb").join(file);
        let text = std::fs::read_to_string(path).map_err(Error::other)?;
        Ok(Data(serde_json::from_str(&text).map_err(Error::other)?))
    }

    pub fn at(&self, key: &str) -> Result<Data> {
        self.0.get(key).map(|value| Data(value.clone())).ok_or_else(|| missing(key))
    }

    /// The numbers under a key, in row-major order.
    pub fn numbers(&self, key: &str) -> Result<Vec<f64>> {
        flat(&self.at(key)?.0)
    }

    pub fn number(&self, key: &str) -> Result<f64> {
        self.numbers(key)?.first().copied().ok_or_else(|| missing(key))
    }

    pub fn vector(&self, key: &str) -> Result<Tensor<1>> {
        vector(self.numbers(key)?)
    }

    pub fn matrix(&self, key: &str) -> Result<Tensor<2>> {
        let rows = self.at(key)?.0.as_array().map_or(0, Vec::len);
        matrix(self.numbers(key)?, rows)
    }

    pub fn entries(&self) -> impl Iterator<Item = (String, Data)> {
        self.0.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), Data(value.clone())))
    }

    pub fn items(&self) -> impl Iterator<Item = Data> {
        self.0.as_array().into_iter().flatten().map(|value| Data(value.clone()))
    }
}

pub fn vector(values: Vec<f64>) -> Result<Tensor<1>> {
    let count = values.len();
    Ok(Tensor::from_data(TensorData::new(values, [count]), (&device()?, DType::F64)))
}

/// Row-major numbers in so many rows.
pub fn matrix(values: Vec<f64>, rows: usize) -> Result<Tensor<2>> {
    let columns = values.len() / rows;
    Ok(vector(values)?.reshape([rows, columns]))
}

pub fn ints(values: Vec<f64>) -> Result<Tensor<1, Int>> {
    let count = values.len();
    let values: Vec<i64> = values.into_iter().map(|x| x as i64).collect();
    Ok(Tensor::from_data(TensorData::new(values, [count]), &device()?))
}

/// The columns as a matrix with one row an observation.
pub fn design<const K: usize>(columns: [Vec<f64>; K]) -> Result<Tensor<2>> {
    let columns = columns.into_iter().map(|column| Ok(vector(column)?.unsqueeze_dim::<2>(1)));
    Ok(Tensor::cat(columns.collect::<Result<Vec<_>>>()?, 1))
}

/// What is known of the posterior of a case.
pub struct Reference {
    /// Mean and standard deviation of each parameter: `"beta[2]"`, counted from 1.
    pub parameters: BTreeMap<String, (f64, f64)>,
    /// Values of the latent sites, and the log joint there.
    pub points: Vec<(BTreeMap<String, Vec<f64>>, f64)>,
}

impl Reference {
    pub fn read(case: &str) -> Result<Self> {
        let file = Data::read(&format!("reference/{case}.json"))?;
        let parameters = file.at("parameters")?;
        let parameters = parameters.entries().map(|(name, of)| Ok((name, (of.number("mean")?, of.number("sd")?))));
        let points = file.at("log_joint_points")?;
        let points = points.items().map(|point| {
            let values = point.at("params")?.entries().map(|(name, value)| Ok((name, flat(&value.0)?))).collect::<Result<_>>()?;
            Ok((values, point.number("log_joint")?))
        });
        Ok(Reference { parameters: parameters.collect::<Result<_>>()?, points: points.collect::<Result<_>>()? })
    }
}
