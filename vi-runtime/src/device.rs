//! Choosing a device by name, and what each one can do.

use burn::tensor::{Device, FloatDType};

use crate::error::{Error, Result};

/// The names that [`parse`] knows in this build.
pub fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    if cfg!(feature = "flex") {
        names.push("flex");
    }
    if cfg!(feature = "ndarray") {
        names.push("ndarray");
    }
    if cfg!(feature = "wgpu") {
        names.extend(["wgpu", "wgpu-cpu"]);
    }
    if cfg!(feature = "tch") {
        names.push("tch");
    }
    names
}

/// The device called `name`: `flex` (CPU), `ndarray` (CPU), `wgpu` (the default adapter), `wgpu-cpu` (a software
/// adapter such as Mesa's), `tch` (libtorch on the CPU).
///
/// # Errors
/// [`Error::Device`] where the name is unknown or its Cargo feature was not compiled in.
pub fn parse(name: &str) -> Result<Device> {
    match name {
        #[cfg(feature = "flex")]
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)] // Burn keeps the backend, deprecated; it is a feature of ours that is tested
        "ndarray" => Ok(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "wgpu")]
        "wgpu-cpu" => Ok(Device::wgpu(burn::tensor::DeviceKind::Cpu)),
        #[cfg(feature = "tch")]
        #[allow(deprecated)] // as ndarray
        "tch" => Ok(Device::libtorch()),
        _ => Err(Error::Device {
            device: name.to_owned(),
            problem: format!(
                "it is not in this build; there are {} (the Cargo features flex, ndarray, wgpu and tch choose)",
                names().join(", ")
            ),
        }),
    }
}

/// The CPU device of this build: flex where compiled in, else Burn's default.
pub fn default() -> Device {
    #[cfg(feature = "flex")]
    return Device::flex();
    #[cfg(not(feature = "flex"))]
    Device::default()
}

/// Refuses what a device computes wrongly.
pub(crate) fn check(device: &Device, dtype: FloatDType) -> Result<()> {
    // The WGSL compiler accepts f64 and gives wrong logarithms without an error.
    if dtype == FloatDType::F64 && is_wgpu(device) {
        return Err(Error::Device {
            device: format!("{device:?}"),
            problem: "double precision is silently wrong on wgpu; use FloatDType::F32 there, or a CPU device".into(),
        });
    }
    Ok(())
}

#[cfg(feature = "wgpu")]
fn is_wgpu(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), burn::backend::DispatchDevice::Cube(_))
}

#[cfg(not(feature = "wgpu"))]
fn is_wgpu(_: &Device) -> bool {
    false
}
