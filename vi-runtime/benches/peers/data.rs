//! The data of the workloads: files beside this folder, and what is made from a seed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vi_runtime::burn::tensor::TensorData;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::prelude::*;
use vi_runtime::{Key, Placement};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/data").join(name)
}

fn placement() -> Placement {
    Placement { device: vi_runtime::device::default(), dtype: FloatDType::F32 }
}

/// Elements on the default device.
pub fn tensor<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, dims), &placement().device)
}

/// Integers on the default device.
pub fn integers(values: Vec<i64>) -> Tensor<1, Int> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), &placement().device)
}

/// Standard normal numbers from a stream of its own.
pub fn normal<const D: usize>(stream: &str, dims: [usize; D]) -> Result<Tensor<D>> {
    Noise::new(&mut HostNoise::new(Key::new(1).site(stream), placement())).normal(dims)
}

/// The header's length and the whole file, format 1.0 of NumPy (its `lib/format.py` describes it).
fn npy(path: &Path) -> Result<(usize, Vec<u8>)> {
    let bytes = fs::read(path).map_err(Error::other)?;
    match bytes.get(..10) {
        Some(head) if head.starts_with(b"\x93NUMPY\x01") => Ok((10 + usize::from(u16::from_le_bytes([head[8], head[9]])), bytes)),
        _ => Err(Error::other(io::Error::other(format!("{} is not an .npy file of format 1", path.display())))),
    }
}

fn floats(path: &Path) -> Result<Vec<f32>> {
    let (start, bytes) = npy(path)?;
    Ok(bytes[start..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// Writes a little-endian array in row-major order.
fn write_npy(path: &Path, descr: &str, dims: &[usize], body: &[u8]) -> io::Result<()> {
    let shape: Vec<String> = dims.iter().map(usize::to_string).collect();
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({},), }}", shape.join(", "));
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.bytes());
    out.extend(body);
    fs::write(path, out)
}

/// Effects and their standard errors.
pub fn eight_schools() -> (Tensor<1>, Tensor<1>) {
    let sigma = vec![15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];
    (tensor(sigma, [8]), tensor(vec![28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], [8]))
}

/// `X [1000, 10]` and `y [1000]`.
pub fn linear() -> Result<(Tensor<2>, Tensor<1>)> {
    Ok((tensor(floats(&file("linear_x.npy"))?, [1000, 10]), tensor(floats(&file("linear_y.npy"))?, [1000])))
}

/// County, floor and log radon of each house.
pub fn radon() -> Result<(Tensor<1, Int>, Tensor<1>, Tensor<1>)> {
    let text = fs::read_to_string(file("radon.csv")).map_err(Error::other)?;
    let (mut county, mut floor, mut radon) = (Vec::new(), Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let mut cell = || cells.next().unwrap_or_default();
        county.push(cell().parse().map_err(Error::other)?);
        floor.push(cell().parse().map_err(Error::other)?);
        radon.push(cell().parse().map_err(Error::other)?);
    }
    let count = radon.len();
    Ok((integers(county), tensor(floor, [count]), tensor(radon, [count])))
}

/// A series of 500.
pub fn local_level() -> Result<Tensor<1>> {
    Ok(tensor(floats(&file("local_level_y.npy"))?, [500]))
}

/// Points in the plane, `[1000, 2]`.
pub fn mixture() -> Result<Tensor<2>> {
    Ok(tensor(floats(&file("mixture_x.npy"))?, [1000, 2]))
}

/// 9 000 digits to train on and 1 000 to test, each pixel 0 or 1.
pub fn digits() -> Result<(Tensor<2>, Tensor<2>)> {
    let (start, bytes) = npy(&file("digits.npy"))?;
    let pixels: Vec<f32> = bytes[start..].iter().flat_map(|byte| (0..8).rev().map(move |bit| f32::from(byte >> bit & 1))).collect();
    let (train, test) = pixels.split_at(9_000 * 784);
    Ok((tensor(train.to_vec(), [9_000, 784]), tensor(test.to_vec(), [1_000, 784])))
}

/// `X [50000, 50]` standard normal and `y ~ Bernoulli(sigmoid(X w − 0.3))`, `w ~ N(0, ½)`.
///
/// A folder with `logreg_X.npy` (f32) and `logreg_y.npy` (bytes), named by `VI_PEERS_LOGISTIC`, takes their place.
pub fn logistic() -> Result<(Tensor<2>, Tensor<1>)> {
    const N: usize = 50_000;
    if let Some(folder) = std::env::var_os("VI_PEERS_LOGISTIC") {
        let folder = Path::new(&folder);
        let (start, y) = npy(&folder.join("logreg_y.npy"))?;
        let y = y[start..].iter().map(|&y| f32::from(y)).collect();
        return Ok((tensor(floats(&folder.join("logreg_X.npy"))?, [N, 50]), tensor(y, [N])));
    }
    let x: Tensor<2> = normal("logistic.x", [N, 50])?;
    let w: Tensor<2> = normal("logistic.w", [50, 1])? * 0.5;
    let logits = x.clone().matmul(w).squeeze_dim::<1>(1) - 0.3;
    // A standard logistic variable by inversion of its distribution function.
    let u = Noise::new(&mut HostNoise::new(Key::new(1).site("logistic.y"), placement())).uniform([N])?;
    let noise = u.clone().log() - (-u + 1.0).log();
    Ok((x, (logits + noise).greater_elem(0.0).float()))
}

/// Writes every data set as peers read it, so that both sides of a comparison see the same numbers.
pub fn export(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::other)?;
    for name in ["linear_x.npy", "linear_y.npy", "local_level_y.npy", "mixture_x.npy", "digits.npy", "radon.csv"] {
        fs::copy(file(name), folder.join(name)).map_err(Error::other)?;
    }
    let (x, y) = logistic()?;
    let body: Vec<u8> = x.into_data().iter::<f32>().flat_map(f32::to_le_bytes).collect();
    write_npy(&folder.join("logreg_X.npy"), "<f4", &[50_000, 50], &body).map_err(Error::other)?;
    let body: Vec<u8> = y.into_data().iter::<f32>().map(|y| y as u8).collect();
    write_npy(&folder.join("logreg_y.npy"), "|u1", &[50_000], &body).map_err(Error::other)
}
