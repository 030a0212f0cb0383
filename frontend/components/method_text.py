"""What the Method page says: where paper and released code differ, and what words mean."""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """One topic on which the paper and its released code do not say the same."""

    topic: str
    paper: str
    code: str
    here: str


DIFFERENCES = (
    Difference(
        "SER, R of Eq. 2",
        "L2 norm of the difference of raw maps",
        "mean of squared differences of maps that were normalised (Eq. 3) and set to 0 for absent classes",
        "ser_form: paper | official",
    ),
    Difference(
        "Where SER is measured",
        "on the maps of the network",
        "on logits upsampled to each branch's input, the large one resized to the small input",
        "goes with ser_form",
    ),
    Difference("Rate of A", "0.6 to 0.2 compared; 0.3 is best", "0.3, fixed in the script", "rate: 0.5 in the demo"),
    Difference("η of Eq. 1", "1", "1, implied", "eta: any"),
    Difference(
        "Pooled for classification",
        "the maps",
        "logits upsampled to the input; nearly the same value",
        "goes with ser_form",
    ),
    Difference(
        "Normalisation of maps at test",
        "ReLU(y − ε) / (max ReLU(y) + ε)  (Eq. 3)",
        "sum of ReLU'd maps / (max + ε), nothing subtracted",
        "relu_order: fast (Eq. 3) | official",
    ),
    Difference(
        "ReLU and resizing at test",
        "not said",
        "logits to the scaled input, ReLU, then to the photograph",
        "relu_order: fast (one resize, then ReLU) | official",
    ),
    Difference(
        "Background",
        "constant α = 0.2  (Eq. 3)",
        "0.2 for label maps; (1 − max)^4 and (1 − max)^24 for the CRF",
        "background: constant | power; alpha_low, alpha_high",
    ),
    Difference("Batch", "8", "16 by default", "batch_size: 8 in the preset paper"),
    Difference(
        "Momentum",
        "not said",
        "5·10⁻⁴ in effect: the weight decay stands in its place; 0.9 is the power of the schedule",
        "momentum: 5·10⁻⁴ in the preset paper",
    ),
    Difference(
        "Mean of Eq. 4",
        "c = 0 … C over C: one term more than it divides by",
        "mean over 21 classes, background included",
        "mean over background and K classes",
    ),
    Difference(
        "Means of Eqs. 5 and 6",
        "classes 1 … C − 1, over C − 1",
        "means of T/TP and P/TP over the 20 classes, which are 1 more than FN/TP and FP/TP; TP = 0 explodes",
        "FN/TP and FP/TP over K classes; a class with TP = 0 is left out and counted",
    ),
    Difference(
        "m_FN of SSENet at large scales",
        "caption of Fig. 5: lower than the baseline's; text: higher",
        "no numbers published",
        "measured in the α lab, whatever its sign",
    ),
)

GLOSSARY = (
    ("CAM", "class activation map: how strongly each place of the photograph speaks for a class, before any pooling"),
    ("Logits", "the raw values of a CAM, of both signs, at the network's stride (one value for 8 or 16 pixels)"),
    ("View", "one way of looking at a photograph: a scale, mirrored or not, perhaps turned or shifted"),
    ("Scale", "size of the network's input relative to the photograph; 1 is its working size, at most 512 px"),
    ("MS", "multi-scale: the ReLU'd maps of several views summed, then normalised once"),
    ("α", "score of the background: a pixel is foreground when its highest normalised map is above it"),
    (
        "Power",
        "another background, (1 − max)^power; each gives the labels of one α: 4 ↔ 0.276, 24 ↔ 0.094",
    ),
    ("Plateau", "the range of α within one point of the best mIoU; the wider, the less the choice of α matters"),
    ("SER", "scale equivariant regularisation: R of Eq. 2, the distance between f(Ax) and A f(x)"),
    ("A", "a linear map of pixels: here bilinear down-scaling; flip and rotation are the paper's extension"),
    (
        "m_FN, m_FP",
        "means over classes of FN/TP and FP/TP: what is missed, and what is too much, per pixel found",
    ),
    ("Oracle", "chosen with the ground truth of the very images that are scored: an upper bound, marked in red"),
    ("Seed, pseudo-label", "labels made of CAMs; refined by CRF and random walk they train the segmentation network"),
)

PAGES = (
    ("views/inspect.py", "Inspect", "Fig. 2: maps of one photograph at every scale, and Eq. 3 with a slider for α"),
    (
        "views/equivariance.py",
        "Equivariance",
        "Fig. 1 and Eq. 2: f(Ax) against A f(x): scale, flip, rotation, shift",
    ),
    ("views/crf.py", "CRF", "what each iteration of the dense CRF does, and the labels that AffinityNet trusts"),
    ("views/alpha_lab.py", "α lab", "Figs. 4 and 5: Eqs. 4 to 6 over a data set, for every α"),
    ("views/compare.py", "Compare", "whether two networks differ: paired bootstrap, and by the size of objects"),
    (
        "views/aggregation.py",
        "Aggregation",
        "Eq. 3 over many views: which of them, and where ReLU and the division stand",
    ),
    ("views/triage.py", "Triage", "the photographs of a data set whose maps change most with the scale, first"),
    ("views/train.py", "Train", "Eq. 1 at work: rate, η, form of SER"),
    ("views/pipeline.py", "Pipeline", "from CAMs to the segmentation network, stage by stage"),
    ("views/tables.py", "Tables", "Tables 1 to 3, the paper's numbers beside your own"),
)
