//! What a recorded run is given in place of values: inputs of the graph, made where the run first asks for them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use burn::backend::Capture;
use burn::backend::TensorMetadata;
use burn::backend::ir::{ScalarIr, TensorId};
use burn::tensor::{Device, DeviceConfig, Float, Int, Tensor};
use vi_graph::Key;
use vi_graph::ir::{NoiseKind, Stream};

use super::Source;
use crate::any_tensor::{AnyTensor, each_rank};
use crate::custom_op::record;
use crate::error::{Error, Result};
use crate::noise::{Counts, HostNoise, NoiseSource};
use crate::operand::Placement;
use crate::program::enumeration::EnumeratedSite;
use crate::program::{Plate, Site};

/// The name of the operation that stands for a draw of `ln g`; its scalar is the number of the stream.
pub(super) const LOG_GAMMA: &str = "log_gamma";

/// One input: where its value comes from, and the tensor of the capture device that stands for it.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) source: Source,
    pub(super) id: TensorId,
    pub(super) tensor: AnyTensor,
}

/// Which statement the operations after a mark belong to.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// An empty tensor recorded for the mark; its operation is the place in the list of operations.
    pub(super) id: TensorId,
    /// The site that was entered; absent where it was left.
    pub(super) site: Option<String>,
}

/// Collects the inputs of the graph while a program runs on the capture device.
#[derive(Debug)]
pub(crate) struct Recorder {
    placement: Placement,
    inputs: RefCell<Vec<Recorded>>,
    streams: RefCell<Vec<Stream>>,
    marks: RefCell<Vec<Mark>>,
    last: RefCell<Option<String>>,
    inside: Cell<bool>,
}

impl Recorder {
    /// For tensors at `placement`, which is the capture device.
    pub(super) fn new(placement: Placement) -> Self {
        Recorder {
            placement,
            inputs: RefCell::default(),
            streams: RefCell::default(),
            marks: RefCell::default(),
            last: RefCell::default(),
            inside: Cell::new(false),
        }
    }

    /// The inputs in the order of the graph: parameters, noise, data, units.
    pub(super) fn inputs(&self) -> Vec<Recorded> {
        let mut inputs = self.inputs.borrow().clone();
        inputs.sort_by_key(|input| match input.source {
            Source::Parameter(_) => 0,
            Source::Noise(..) => 1,
            Source::Data(_) => 2,
            Source::Units { .. } => 3,
            Source::KlWeight => 4,
            Source::Enumerated(_) => 5,
        });
        inputs
    }

    pub(super) fn streams(&self) -> Vec<Stream> {
        self.streams.borrow().clone()
    }

    pub(super) fn marks(&self) -> Vec<Mark> {
        self.marks.borrow().clone()
    }

    /// The site that is being run or was run last, and whether it is being run.
    pub(super) fn position(&self) -> (Option<String>, bool) {
        (self.last.borrow().clone(), self.inside.get())
    }

    /// A site is entered.
    pub(crate) fn enter(&self, site: &str) {
        self.mark(Some(site.to_owned()));
        *self.last.borrow_mut() = Some(site.to_owned());
        self.inside.set(true);
    }

    /// The site that was entered last is done.
    pub(crate) fn leave(&self) {
        self.mark(None);
        self.inside.set(false);
    }

    fn mark(&self, site: Option<String>) {
        let empty = AnyTensor::from(Tensor::<1>::empty([1], &self.placement.device));
        self.marks.borrow_mut().extend(empty.captured_id().map(|id| Mark { id, site }));
    }

    fn input(&self, source: Source, tensor: AnyTensor) -> AnyTensor {
        let id = tensor.captured_id();
        self.inputs.borrow_mut().extend(id.map(|id| Recorded { source, id, tensor: tensor.clone() }));
        tensor
    }

    /// The input for the parameter `name`, which is shaped like `value`.
    pub(crate) fn parameter(&self, name: &str, value: &AnyTensor) -> AnyTensor {
        self.input(Source::Parameter(name.to_owned()), value.empty_on(&self.placement.device))
    }

    /// The input for an argument of a program.
    pub(super) fn data(&self, index: usize, value: &AnyTensor) -> AnyTensor {
        self.input(Source::Data(index), value.empty_on(&self.placement.device))
    }

    /// The input for the units of a subsampled plate: the same for model and guide.
    pub(crate) fn units(&self, plate: &Plate) -> AnyTensor {
        let source = Source::Units { plate: plate.name, size: plate.size, len: plate.len };
        let known = self.inputs.borrow().iter().find(|input| input.source == source).map(|input| input.tensor.clone());
        known.unwrap_or_else(|| {
            let units = Tensor::<1, Int>::empty([plate.len], &self.placement.device);
            self.input(source, units.into())
        })
    }

    /// The input for the value of an enumerated site.
    pub(crate) fn enumerated(&self, site: &EnumeratedSite) -> AnyTensor {
        let empty = each_rank!(site.shape.len(), D => {
            let shape: [usize; D] = std::array::from_fn(|i| site.shape[i]);
            AnyTensor::from(Tensor::<D, Int>::empty(shape, &self.placement.device))
        });
        self.input(Source::Enumerated(site.name.clone()), empty)
    }

    /// The noise of a stream of its own.
    pub(crate) fn noise_of(self: &Rc<Self>, name: String) -> Box<dyn NoiseSource> {
        Box::new(RecordedNoise { recorder: Rc::clone(self), site: name, requests: 0 })
    }

    /// The noise of a site in a run with this key.
    pub(crate) fn noise(self: &Rc<Self>, site: &Site, run: Key) -> Box<dyn NoiseSource> {
        if site.key == run {
            return self.noise_of(site.name.clone());
        }
        // Under a fixed seed every step draws the same numbers: they are constants.
        let fixed = HostNoise::new(site.key.site(&site.name), self.placement.clone());
        Box::new(FixedNoise { fixed, site: site.name.clone() })
    }
}

/// The noise of one site: each request is an input.
struct RecordedNoise {
    recorder: Rc<Recorder>,
    site: String,
    requests: u64,
}

impl RecordedNoise {
    fn stream(&mut self) -> Stream {
        let call = self.requests;
        self.requests += 1;
        Stream { site: self.site.clone(), call }
    }

    fn request(&mut self, kind: NoiseKind, shape: &[usize]) -> AnyTensor {
        let source = Source::Noise(self.stream(), kind);
        let Placement { device, dtype } = &self.recorder.placement;
        let empty = each_rank!(shape.len(), D => {
            let shape: [usize; D] = std::array::from_fn(|i| shape[i]);
            AnyTensor::from(Tensor::<D>::empty(shape, (device, burn::tensor::DType::from(*dtype))))
        });
        self.recorder.input(source, empty)
    }
}

/// Counts are drawn on the host, whatever the source of the noise: the methods of one for a site.
macro_rules! no_counts {
    () => {
        fn poisson(&mut self, _: AnyTensor) -> Result<AnyTensor> {
            Err(on_host("a Poisson draw", &self.site))
        }

        fn binomial(&mut self, _: AnyTensor, _: AnyTensor) -> Result<AnyTensor> {
            Err(on_host("a binomial draw", &self.site))
        }

        fn counts(&mut self, family: Counts, _: Vec<AnyTensor>) -> Result<AnyTensor> {
            Err(on_host(&format!("a {family:?} draw"), &self.site))
        }
    };
}

impl NoiseSource for RecordedNoise {
    fn normal(&mut self, shape: &[usize]) -> Result<AnyTensor> {
        Ok(self.request(NoiseKind::Normal, shape))
    }

    fn uniform(&mut self, shape: &[usize]) -> Result<AnyTensor> {
        Ok(self.request(NoiseKind::Uniform, shape))
    }

    fn log_gamma(&mut self, concentration: AnyTensor) -> Result<AnyTensor> {
        let stream = self.stream();
        let mut streams = self.recorder.streams.borrow_mut();
        streams.push(stream);
        let number = ScalarIr::UInt(streams.len() as u64 - 1);
        each_rank!(concentration.rank(), D => {
            let concentration = concentration.typed::<D, Float>("the concentration of a gamma draw")?;
            let primitive = concentration.try_into_primitive::<Capture>().map_err(|_| on_host("a gamma draw", &self.site))?;
            let shape = primitive.shape();
            let drawn = record(LOG_GAMMA, [primitive], shape, vec![number]);
            Ok(Tensor::<D>::from_primitive::<Capture>(drawn).into())
        })
    }

    no_counts! {}

    fn placement(&self) -> &Placement {
        &self.recorder.placement
    }
}

/// The noise of a site with a seed of its own.
struct FixedNoise {
    fixed: HostNoise,
    site: String,
}

impl NoiseSource for FixedNoise {
    fn normal(&mut self, shape: &[usize]) -> Result<AnyTensor> {
        self.fixed.normal(shape)
    }

    fn uniform(&mut self, shape: &[usize]) -> Result<AnyTensor> {
        self.fixed.uniform(shape)
    }

    fn log_gamma(&mut self, _: AnyTensor) -> Result<AnyTensor> {
        Err(on_host("a gamma draw under a fixed seed", &self.site))
    }

    no_counts! {}

    fn placement(&self) -> &Placement {
        self.fixed.placement()
    }
}

fn on_host(what: &str, site: &str) -> Error {
    Error::Unsupported { what: format!("{what} at site `{site}`"), problem: "it happens on the host, outside the graph".into() }
}

thread_local! {
    static DEVICES: RefCell<Vec<Device>> = const { RefCell::new(Vec::new()) };
}

/// Whether operations on `device` are recorded, not run.
pub(crate) fn is_recorded(device: &Device) -> bool {
    DEVICES.with_borrow(|devices| devices.contains(device))
}

/// The capture device of this thread that makes tensors of the types that `like` makes: Burn never gives the number of
/// one back, and fixes its types at the first tensor.
pub(super) fn device(like: &Device) -> Result<Device> {
    let types = |device: &Device| {
        let settings = device.settings();
        (settings.float_dtype, settings.int_dtype, settings.bool_dtype)
    };
    let wanted = types(like);
    DEVICES.with_borrow_mut(|devices| {
        if let Some(known) = devices.iter().find(|device| types(device) == wanted) {
            return Ok(known.clone());
        }
        let device = Device::capture();
        let (float, int, bool) = wanted;
        let mut configured = Ok(());
        // Outside a scope the device does not say which types it knows.
        let scope = device.capture_scope(|scope| {
            configured = device.clone().configure(DeviceConfig::from((float, int)).bool_dtype(bool));
            scope.complete([], [])
        });
        let problem = scope.map(drop).map_err(|error| error.to_string()).and(configured.map_err(|error| error.to_string()));
        problem.map_err(|problem| Error::Device { device: "capture".into(), problem })?;
        devices.push(device.clone());
        Ok(device)
    })
}
