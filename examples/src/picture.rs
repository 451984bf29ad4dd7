//! Pictures of digits as PNG files.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use vi_runtime::prelude::*;

const SIDE: usize = 28;

/// Writes pictures of 28 × 28 pixels side by side, `columns` in a row; 0 is black and 1 is white.
///
/// # Shapes
/// `pictures`: `[count, 784]`.
///
/// # Errors
/// A file that cannot be written.
pub fn write(path: &Path, pictures: &Tensor<2>, columns: usize) -> Result<()> {
    let count = pictures.dims()[0];
    let (width, height) = (columns * SIDE, count.div_ceil(columns) * SIDE);
    let mut pixels = vec![0_u8; width * height];
    for (i, value) in AnyTensor::from(pictures).to_f64()?.into_iter().enumerate() {
        let (picture, pixel) = (i / (SIDE * SIDE), i % (SIDE * SIDE));
        let (x, y) = (picture % columns * SIDE + pixel % SIDE, picture / columns * SIDE + pixel / SIDE);
        pixels[y * width + x] = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::other)?;
    }
    let file = BufWriter::new(File::create(path).map_err(Error::other)?);
    let mut encoder = png::Encoder::new(file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).map_err(Error::other)
}
