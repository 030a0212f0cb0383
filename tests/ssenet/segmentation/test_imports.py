"""What the pages, the API and the command line may use of the segmentation package is free of torch."""

import subprocess
import sys

MODULES = ("segmentation", "segmentation.gallery", "segmentation.export", "segmentation.prediction", "cli.segmentation")


def test_these_modules_load_no_torch() -> None:
    imports = "; ".join(f"import ssenet.{module}" for module in MODULES)
    code = f"import sys; {imports}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
